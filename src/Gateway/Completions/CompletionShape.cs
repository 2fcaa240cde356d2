using Pharos.Gateway.Chat;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Completions;

/// <summary>The objects of one response.</summary>
/// <param name="echoes">[answer] what stands before it.</param>
/// <param name="answersAPrompt">Answers with one prompt stand together.</param>
internal sealed class CompletionShape(string id, long created, Func<string> model, TokenTexts tokens, string[] echoes, int answersAPrompt)
{
    public Completion Whole(IReadOnlyList<CollectedAnswer> answers) => new(
        id, "text_completion", created, model(),
        [.. answers.Select((answer, index) => new CompletionChoice(index, echoes[index] + answer.Text, Told(answer.Logprobs, 0), answer.End!.FinishReason))],
        Usage([.. answers.Select(answer => answer.End!.Usage)]));

    /// <summary>What stands before the answers; null where nothing does.</summary>
    public Completion? First() => echoes.All(echo => echo.Length == 0)
        ? null
        : Chunk([.. echoes.Select((echo, index) => new CompletionChoice(index, echo, null, null))]);

    /// <param name="offset">Characters of the answer that came before.</param>
    public Completion? Of(int answer, ChatEvent step, int offset) => step switch
    {
        ChatEvent.Content { Text: var text, Logprobs: var logprobs } => Chunk([new CompletionChoice(answer, text, Told(logprobs, offset), null)]),
        ChatEvent.Ended { FinishReason: var reason } => Chunk([new CompletionChoice(answer, "", null, reason)]),
        _ => null,
    };

    /// <summary>The last chunk of a client that asked for usage: no choices.</summary>
    public Completion Last(IReadOnlyList<RequestUsage> usages) => Chunk([]) with { Usage = Usage(usages) };

    private Completion Chunk(CompletionChoice[] choices) => new(id, "text_completion", created, model(), choices, null);

    private LegacyLogprobs? Told(IReadOnlyList<TokenLogprob>? logprobs, int offset) => logprobs is null ? null : LegacyLogprobs.Of(logprobs, tokens, offset);

    // A prompt counts once, however many answers it has.
    private ChatUsage Usage(IReadOnlyList<RequestUsage> usages)
    {
        var prompts = usages.Chunk(answersAPrompt).Select(AnswerUsage.Sum).ToList();
        var all = AnswerUsage.Sum(prompts);
        return ChatUsage.Of(all with { PromptTokens = prompts.Sum(prompt => prompt.PromptTokens), CachedTokens = prompts.Sum(prompt => prompt.CachedTokens) });
    }
}
