using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;
using Pharos.Inference.Chat;
using Pharos.Inference.Grammar;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Makes of a chat request what the cluster is asked: prompt tokens, limits, tools. Checks what depends on the model.</summary>
internal sealed class RequestFactory(PromptModel model, GatewayIdentity gateway, IToolRegistry registry, Random random, IOptions<PharosOptions> settings)
{
    /// <exception cref="ApiException">The prompt exceeds the context, or a tool is asked for that the registry lacks.</exception>
    public RequestSpec Create(ChatRequest request, string tenant)
    {
        var (use, tools) = ChooseTools(request);
        var rules = use == ToolUse.None ? null : Rules(request.Choice, tools);
        var spec = Create(model.Write(request.Messages, tools, request.Field), request.Sampling, request.Field, tenant, request.Priority);
        return spec with
        {
            Options = spec.Options with { Schema = request.Schema, Calls = rules },
            ToolUse = use,
            ToolSecret = use == ToolUse.Server ? CallSecrets.New() : null,
            ToolNames = [.. tools.Select(tool => tool.Name)],
            Transcript = TranscriptHash.Of(tools, request.Messages),
        };
    }

    /// <summary>A request to go on from <paramref name="tokens"/>, whatever they are.</summary>
    /// <param name="param">The field they come from, should they be too many.</param>
    /// <exception cref="ApiException">They leave no room in the context.</exception>
    public RequestSpec Create(ImmutableArray<int> tokens, SamplingRequest sampling, string param, string tenant, int priority)
    {
        var left = model.ContextTokens - tokens.Length;
        if (left < 1)
            throw new ApiException(ApiError.ContextExceeded(tokens.Length, model.ContextTokens) with { Param = param });
        var options = new GenerationOptions(
            Math.Min(sampling.MaxTokens ?? left, left),
            sampling.Temperature ?? model.Sampling.Temperature,
            sampling.TopP ?? model.Sampling.TopP,
            Math.Max(0, sampling.TopK ?? model.Sampling.TopK),
            sampling.Seed ?? NewSeed(),
            sampling.Stop,
            Controls: sampling.Controls,
            Logprobs: sampling.Logprobs,
            Objective: Objective(sampling.Slo, tenant));
        return new RequestSpec(model.Name, tenant, gateway.Id, tokens, options, ToolUse.None, [], [], priority);
    }

    /// <summary>The same request for another answer to it: only its luck is different.</summary>
    /// <param name="answer">Its number; 0 for the request itself.</param>
    public static RequestSpec Sibling(RequestSpec spec, int answer) =>
        answer == 0 ? spec : spec with { Options = spec.Options with { Seed = CounterRandom.Bits(spec.Options.Seed, (ulong)answer) } };

    /// <summary>
    /// What calls must be like: null where the model's own way will do. Where a call is required its arguments keep the tool's schema, strict or not, if that
    /// is one which can be kept.
    /// </summary>
    private static CallRules? Rules(ToolChoice choice, ImmutableArray<ChatTool> tools)
    {
        var required = choice.Mode == ToolMode.Required;
        if (!required && choice.Parallel && choice.Only.IsEmpty && tools.All(tool => !tool.Strict))
            return null;
        var callable = tools.Where(tool => required || choice.Only.IsEmpty || choice.Only.Contains(tool.Name));
        return new CallRules(
            required,
            choice.Parallel,
            [.. callable.Select(tool => new CallableTool(tool.Name, tool.Strict || (required && SegmentGrammar.TakesArguments(tool.Schema)) ? tool.Schema : null))],
            required ? choice.Only : []);
    }

    // What the request does not say its tenant's settings do, and what these do not the cluster's; null: nobody but the cluster has said anything.
    private ServiceObjective? Objective(SloRequest asked, string tenant)
    {
        var own = settings.Value.Tenants.GetValueOrDefault(tenant)?.Slo;
        var (first, gap) = (asked.FirstToken ?? own?.Ttft?.TotalSeconds, asked.TokenGap ?? own?.Itl?.TotalSeconds);
        var common = settings.Value.Slo.Objective;
        return first is null && gap is null ? null : new ServiceObjective(first ?? common.FirstTokenSeconds, gap ?? common.TokenGapSeconds);
    }

    private string Names => string.Join(", ", registry.Tools.Select(tool => tool.Name));

    private ulong NewSeed()
    {
        lock (random) // one that tests seed is not thread-safe
            return (ulong)random.NextInt64();
    }

    private (ToolUse Use, ImmutableArray<ChatTool> Tools) ChooseTools(ChatRequest request)
    {
        if (request.Choice.Mode == ToolMode.None)
            return (ToolUse.None, []);
        if (!request.RunTools)
            return request.Tools.Length > 0 ? (ToolUse.Client, request.Tools) : (ToolUse.None, []);
        for (var i = 0; i < request.Tools.Length; i++)
        {
            var name = request.Tools[i].Name;
            if (registry.Tools.FirstOrDefault(tool => tool.Name == name) is not { } own)
                throw ApiException.Invalid($"tools[{i}].function.name", $"'{name}' is no tool of this cluster, and pharos.run_tools runs no others; it has: {Names}.");
            if (request.Tools[i].Strict && !SegmentGrammar.TakesArguments(own.Schema))
                throw ApiException.Invalid($"tools[{i}].function.strict", $"The arguments of '{name}' cannot be kept strictly: the cluster's schema of it is not one that can.", "unsupported_value");
        }
        if (request.Choice.Only.FirstOrDefault(name => registry.Tools.All(tool => tool.Name != name)) is { } unknown)
            throw ApiException.Invalid("tool_choice", $"'tool_choice' names \"{unknown}\", which is no tool of this cluster; it has: {Names}.", "invalid_value");
        if (request.Choice.Mode == ToolMode.Required && registry.Tools.Count == 0)
            throw ApiException.Invalid("tool_choice", "'tool_choice' wants a call, and this cluster has no tools.", "invalid_value");
        ImmutableArray<ChatTool> offered =
        [
            .. from tool in registry.Tools
               where request.Tools.Length == 0 || request.Tools.Any(wanted => wanted.Name == tool.Name)
               select new ChatTool(tool.Name, tool.Description, tool.Schema, request.Tools.Any(wanted => wanted.Name == tool.Name && wanted.Strict)),
        ];
        return (offered.Length > 0 ? ToolUse.Server : ToolUse.None, offered);
    }
}
