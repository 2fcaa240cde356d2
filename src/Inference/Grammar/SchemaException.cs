namespace Pharos.Inference.Grammar;

/// <summary>A schema that no grammar can be made of.</summary>
/// <param name="path">Where, within the schema: <c>properties.name.pattern</c>; empty for the whole.</param>
/// <param name="because">What is wrong, as a sentence without its subject: "is not supported".</param>
public sealed class SchemaException(string path, string because) : Exception($"'{path}' {because}")
{
    public string Path => path;

    public string Because => because;
}
