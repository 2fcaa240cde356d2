namespace Pharos.Scheduling.Models;

/// <summary>A model, or the first layers of one, that may answer the requests of a pool.</summary>
/// <param name="Name">As it is configured: <c>NAME</c>, or <c>NAME@LAYERS</c> where every token is taken after that many layers.</param>
/// <param name="Parameters">Multiply-accumulates of a token: about the weights that are loaded.</param>
/// <param name="KvTokens">Tokens of keys and values that fit a device beside its weights.</param>
/// <param name="IsReference">The largest at full depth: what the others are held against.</param>
public sealed record Candidate(string Name, int Layers, long Parameters, long KvTokens, bool IsReference)
{
    /// <summary>The model of which it is all layers, or the first.</summary>
    public string Whole => Name.Split('@')[0];
}
