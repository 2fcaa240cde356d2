using System.Collections.Immutable;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;
using Pharos.Grains.Tools;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Makes of a chat request what the cluster is asked: prompt tokens, limits, tools. Checks what depends on the model.</summary>
internal sealed class RequestFactory(PromptModel model, GatewayIdentity gateway, IToolRegistry registry, Random random)
{
    /// <exception cref="ApiException">The prompt exceeds the context, or a tool is asked for that the registry lacks.</exception>
    public RequestSpec Create(ChatRequest request, string tenant)
    {
        var (use, tools) = ChooseTools(request);
        var prompt = model.Format.Render(request.Messages, tools);
        var characters = prompt.Sum(piece => (long)piece.Text.Length);
        if (characters > model.MostCharacters) // encoding takes a second a million of them: not for what is refused anyway
            throw new ApiException(ApiError.ContextExceeded(characters, model.MostCharacters, model.ContextTokens));
        var tokens = model.Encode(prompt);
        var left = model.ContextTokens - tokens.Length;
        if (left < 1)
            throw new ApiException(ApiError.ContextExceeded(tokens.Length, model.ContextTokens));
        var options = new GenerationOptions(
            Math.Min(request.MaxTokens ?? left, left),
            request.Temperature ?? model.Sampling.Temperature,
            request.TopP ?? model.Sampling.TopP,
            Math.Max(0, request.TopK ?? model.Sampling.TopK),
            request.Seed ?? NewSeed(),
            request.Stop,
            request.Schema);
        return new RequestSpec(
            model.Name, tenant, gateway.Id, tokens, options, use, [.. tools.Select(tool => tool.Name)], TranscriptHash.Of(tools, request.Messages), request.Priority);
    }

    private ulong NewSeed()
    {
        lock (random) // one that tests seed is not thread-safe
            return (ulong)random.NextInt64();
    }

    private (ToolUse Use, ImmutableArray<ChatTool> Tools) ChooseTools(ChatRequest request)
    {
        if (!request.OffersTools)
            return (ToolUse.None, []);
        if (!request.RunTools)
            return request.Tools.Length > 0 ? (ToolUse.Client, request.Tools) : (ToolUse.None, []);
        for (var i = 0; i < request.Tools.Length; i++)
        {
            var name = request.Tools[i].Name;
            if (registry.Tools.All(tool => tool.Name != name))
            {
                throw ApiException.Invalid(
                    $"tools[{i}].function.name", $"'{name}' is no tool of this cluster, and pharos.run_tools runs no others; it has: {string.Join(", ", registry.Tools.Select(tool => tool.Name))}.");
            }
        }
        ImmutableArray<ChatTool> offered =
        [
            .. from tool in registry.Tools
               where request.Tools.Length == 0 || request.Tools.Any(wanted => wanted.Name == tool.Name)
               select new ChatTool(tool.Name, tool.Description, tool.Schema),
        ];
        return (offered.Length > 0 ? ToolUse.Server : ToolUse.None, offered);
    }
}
