using Microsoft.Extensions.Options;

namespace Pharos.Gateway.Access;

/// <summary>Who is let in, and how far: keys, roles, limits of a connection, CORS, the audit log.</summary>
internal static class AccessRegistration
{
    public static void AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<KeyStore>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyStore>());
        services.AddSingleton<AccessControl>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<RequestDeadline>();
        services.AddSingleton<TenantGate>();
        services.AddHostedService(provider => provider.GetRequiredService<TenantGate>());
        services.AddSingleton<TenantLimiter>();
        services.AddSingleton<Http.RequestSpan>();
        services.AddCors();
        services.AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>().Configure<GatewayOptions>((cors, gateway) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. gateway.Cors.Origins]).WithMethods("GET", "POST", "DELETE").AllowAnyHeader()
            .WithExposedHeaders("x-request-id", "retry-after").SetPreflightMaxAge(TimeSpan.FromHours(1))));
    }

    /// <summary>After routing, inside of whatever writes errors.</summary>
    /// <exception cref="OptionsValidationException">The keys can't be read, or there are none and others could reach this gateway.</exception>
    public static void UseAccess(this WebApplication app)
    {
        var keys = app.Services.GetRequiredService<KeyStore>();
        keys.Open();
        AnonymousGuard.Check(keys, app.Configuration);
        if (app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.Cors.Origins.Count > 0)
            app.UseCors();
        app.UseMiddleware<AuditLog>();
        app.UseMiddleware<AccessControl>();
        app.UseMiddleware<Http.RequestSpan>();
        app.UseMiddleware<TenantLimiter>();
        app.UseMiddleware<RequestDeadline>();
    }
}
