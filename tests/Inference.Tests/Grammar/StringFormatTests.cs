using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Xml;
using Pharos.Inference.Grammar;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>Whatever is drawn of a format, the reader of that format takes.</summary>
public sealed class StringFormatTests
{
    private static readonly Dictionary<string, Func<string, bool>> Readers = new()
    {
        ["date"] = text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) || text.StartsWith("0000", StringComparison.Ordinal),
        ["time"] = text => text.Length >= 9,
        ["date-time"] = text => text[10] == 'T',
        ["duration"] = text => text[0] == 'P' && (text.Contains('W', StringComparison.Ordinal) || XmlConvert.ToTimeSpan(text) >= TimeSpan.Zero),
        ["email"] = text => MailAddress.TryCreate(text, out _),
        ["hostname"] = text => Uri.CheckHostName(text) != UriHostNameType.Unknown && text.Length <= 253,
        ["ipv4"] = text => IPAddress.TryParse(text, out _) && text.Split('.').Length == 4,
        ["ipv6"] = text => IPAddress.TryParse(text, out _),
        ["uuid"] = text => Guid.TryParseExact(text, "D", out _),
        ["uri"] = text => Uri.TryCreate(text, UriKind.Absolute, out _),
    };

    [Fact]
    public void EveryFormatHasAReaderHere() => Assert.Equal(StringFormats.Names.Order(), Readers.Keys.Order());

    [Theory]
    [InlineData("date")]
    [InlineData("time")]
    [InlineData("date-time")]
    [InlineData("duration")]
    [InlineData("email")]
    [InlineData("hostname")]
    [InlineData("ipv4")]
    [InlineData("ipv6")]
    [InlineData("uuid")]
    [InlineData("uri")]
    public void Drawn_IsTaken(string format)
    {
        var grammar = Generation.Compile($$"""{"type":"string","format":"{{format}}"}""");
        for (int seed = 0; seed < 60; seed++)
        {
            var said = new Generation(grammar, seed).Run(4000);
            Assert.True(said.HasEnded, $"seed {seed}: no end");
            string text = said.Text.Trim().Trim('"');
            Assert.True(Readers[format](text), $"seed {seed}: '{text}' is no {format}");
        }
    }
}
