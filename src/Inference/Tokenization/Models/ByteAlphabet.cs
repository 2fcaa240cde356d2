namespace Pharos.Inference.Tokenization.Models;

/// <summary>
/// GPT-2's spelling of bytes as printable characters: printable Latin-1 stands for itself, the other 68 bytes are moved to
/// U+0100 and on. Vocabularies and merges of byte-level BPE are written in it.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOfByte = new char[256];
    private static readonly short[] ByteOfChar = new short[256 + 68];

    static ByteAlphabet()
    {
        Array.Fill(ByteOfChar, (short)-1);
        int moved = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;
            CharOfByte[b] = (char)(printable ? b : moved++);
            ByteOfChar[CharOfByte[b]] = (short)b;
        }
    }

    public static char Spell(byte value) => CharOfByte[value];

    /// <summary>The bytes a vocabulary entry spells, or null where it holds a character outside the alphabet.</summary>
    public static byte[]? Read(string spelling)
    {
        var bytes = new byte[spelling.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            int value = spelling[i] < ByteOfChar.Length ? ByteOfChar[spelling[i]] : -1;
            if (value < 0)
                return null;
            bytes[i] = (byte)value;
        }
        return bytes;
    }
}
