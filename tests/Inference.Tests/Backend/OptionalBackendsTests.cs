using Pharos.Inference.Backend;

namespace Pharos.Inference.Tests.Backend;

public sealed class OptionalBackendsTests
{
    [Fact]
    public void A_backend_that_is_not_in_the_build_is_refused_with_the_way_to_get_it()
    {
        var refused = Assert.Throws<NotSupportedException>(OptionalBackends.RequireTorch);
        Assert.Contains("-p:Torch=true", refused.Message, StringComparison.Ordinal);
    }
}
