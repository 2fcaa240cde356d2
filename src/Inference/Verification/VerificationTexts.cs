namespace Pharos.Inference.Verification;

/// <summary>Texts that tokenizers stumble over: blanks, case, digits, code, scripts, marks, emoji.</summary>
internal static class VerificationTexts
{
    public static IReadOnlyList<string> All { get; } =
    [
        "Hello, world!",
        "The quick brown fox jumps over the lazy dog, don't they?",
        "a  b   c    d\te\n\nf \n g\r\nh",
        "   leading and trailing   ",
        "x = [i ** 2 for i in range(10) if i % 2 == 0]  # squares\n    return x\n",
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Z\u00fcrich\", \"days\": [1, 2.5, -3e-7, null, true]}}",
        "SELECT * FROM t WHERE a<>'b' AND c>=10;--",
        "<div class=\"a-b\">1 &lt; 2</div>",
        "0 1 12 123 1234 12345 123456 3.14159 1,000,000 0xFF 1e-9",
        "https://example.com/a/b?c=d&e=%20#f user@example.com C:\\temp\\x.txt",
        "na\u00efve fa\u00e7ade co\u00f6perate \u0141\u00f3d\u017a \u0130stanbul stra\u00dfe",
        "\u0413\u043e\u0440\u043e\u0434 \u0441\u043f\u0438\u0442, \u0438 \u0441\u043d\u0435\u0433 \u0438\u0434\u0451\u0442.",
        "\u03b1\u03b2\u03b3 \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac",
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
        "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002",
        "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c\u3001\u30ab\u30bf\u30ab\u30ca",
        "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4",
        "\ud83d\ude42\ud83d\udc69\u200d\ud83d\ude80\ud83c\uddee\ud83c\uddf8 \ud83d\udc4d\ud83c\udffd",
        "\u2264 \u2260 \u221e \u222b \u2202 \u2192 \u00bd \u20ac \u00a3",
    ];
}
