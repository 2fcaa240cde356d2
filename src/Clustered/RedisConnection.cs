using Pharos.Grains.Configuration;
using StackExchange.Redis;

namespace Pharos.Clustered;

/// <summary>How this process reaches Redis: the connection string, and what has keys of its own because it is secret.</summary>
public static class RedisConnection
{
    public static ConfigurationOptions Of(PharosOptions options)
    {
        var redis = ConfigurationOptions.Parse(options.Redis);
        if (options.RedisUser.Length > 0)
            redis.User = options.RedisUser;
        if (options.RedisPassword.Length > 0)
            redis.Password = options.RedisPassword;
        if (options.RedisTls)
            redis.Ssl = true;
        if (options.RedisAuthority.Length > 0)
        {
            var isSigned = ClusterTls.SignedBy(options.RedisAuthority);
            redis.CertificateValidation += (sender, remote, chain, errors) => isSigned(sender, remote, chain, errors);
        }

        return redis;
    }
}
