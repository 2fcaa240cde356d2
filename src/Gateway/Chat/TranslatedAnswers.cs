using System.Runtime.CompilerServices;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Batching;

namespace Pharos.Gateway.Chat;

/// <summary>All answers of one response in the terms of the protocol, timed as they pass.</summary>
internal sealed class TranslatedAnswers(AnswerSet answers, PromptModel model, bool streaming, Func<ServiceObjective?, AnswerClock> clock)
{
    private readonly (ChatTranslator Translator, AnswerClock Clock)[] _answers =
        [.. Enumerable.Range(0, answers.Count).Select(i => (new ChatTranslator(answers[i].Stream.Request, answers[i].Spec, model.Format, streaming), clock(answers[i].Spec.Options.Objective)))];

    public int Count => answers.Count;

    /// <summary>What answers: the candidate of the last part that has begun, until one has the family.</summary>
    public string Model { get; private set; } = model.Name;

    public async IAsyncEnumerable<(int Answer, ChatEvent Step)> Read([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var (answer, step) in answers.Read(ct))
        {
            if (step is AnswerEvent.AnsweredBy by)
                Model = by.Model;
            foreach (var shown in _answers[answer].Translator.Translate(step))
            {
                _answers[answer].Clock.Saw(shown);
                yield return (answer, shown);
            }
        }
    }
}
