using System.CommandLine;

namespace Pharos.Cli;

/// <summary><c>pharos completion</c>: what a shell reads so that it completes commands, options and names.</summary>
internal static class CompletionCommand
{
    // The program answers "[suggest:POSITION] LINE" with what could stand there; both without the program's own name.
    private const string Bash = """
        _pharos() {
          local line="${COMP_LINE#* }" point
          point=$(( COMP_POINT - (${#COMP_LINE} - ${#line}) ))
          local IFS=$'\n'
          COMPREPLY=( $(compgen -W "$(pharos "[suggest:$point]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}") )
        }
        complete -F _pharos pharos
        """;

    private const string Zsh = """
        #compdef pharos
        _pharos() {
          local line="${BUFFER#* }"
          local -a found
          found=("${(@f)$(pharos "[suggest:$(( CURSOR - (${#BUFFER} - ${#line}) ))]" "$line" 2>/dev/null)}")
          compadd -a found
        }
        compdef _pharos pharos
        """;

    private const string Fish = """
        complete -c pharos -f -a '(set -l line (string replace -r "^\S+ ?" "" -- (commandline -cp)); pharos "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print what makes a shell complete pharos: pharos completion bash > /etc/bash_completion.d/pharos") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish }));
        return command;
    }
}
