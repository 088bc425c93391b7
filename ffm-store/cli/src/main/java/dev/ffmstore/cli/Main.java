package dev.ffmstore.cli;

import java.io.PrintWriter;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `ffm-store`: the command line.
///
/// Exit status 0; 1 with one line on standard error if a command fails; 2 for wrong usage. A reader of standard
/// output that leaves early changes none of this.
@Command(
        name = "ffm-store",
        description = "Turns models into dense tensors, in off-heap memory or in files, and shows what that costs.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ffm-store demo                          try it, without a model at hand",
            "  ffm-store inspect model.gguf            what is in a file",
            "  ffm-store plan model.gguf               what a load would cost",
            "  ffm-store load model.gguf               load it and report",
            "  ffm-store export model.gguf -o m.irpa   write it as an IREE parameter archive",
            "  ffm-store diff model.gguf m.irpa        compare what was written",
            "  ffm-store stats model.gguf              what the tensors hold",
            "  ffm-store bake m.mlir model.gguf -o out.mlir  put its tensors into a module",
            "  source <(ffm-store generate-completion) complete commands in the shell",
            "",
            "FFM_STORE_OPTS holds more options for the JVM, such as -Xmx64m."
        })
public final class Main implements Runnable {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private static final List<String> COMMANDS = List.of(
            "inspect", "plan", "load", "checksum", "export", "bake", "diff", "stats", "demo", "generate-completion");

    @Spec
    private CommandSpec spec;

    Main() {}

    /// Runs a command and ends the JVM with its exit status.
    public static void main(String[] args) {
        StandardOutput standardOutput = new StandardOutput();
        PrintWriter out = new PrintWriter(standardOutput, false, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true);
        int status = run(out, err, args);
        System.exit(standardOutput
                .failure()
                .map(failure -> Failures.notPrinted(failure, status, err))
                .orElse(status));
    }

    /// Runs a command.
    ///
    /// @param out receives the result
    /// @param err receives everything else
    /// @param args the command and its arguments
    /// @return the exit status
    static int run(PrintWriter out, PrintWriter err, String... args) {
        CommandLine commandLine = new CommandLine(new Main());
        // reading the options of a command takes some milliseconds: if one is named, the others are left out
        String first = args.length == 0 ? "" : args[0];
        boolean named = COMMANDS.contains(first) && !first.equals("generate-completion");
        for (String name : named ? List.of(first) : COMMANDS) {
            commandLine.addSubcommand(name, command(name));
        }
        commandLine
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(Failures::wrongUsage)
                .setExecutionExceptionHandler((failure, failed, parsed) -> Failures.failed(failure, failed));
        try {
            return commandLine.execute(args);
        } catch (OutOfMemoryError e) {
            return Failures.outOfMemory(e, err);
        } finally {
            out.flush();
            err.flush();
        }
    }

    private static Object command(String name) {
        return switch (name) {
            case "inspect" -> new InspectCommand();
            case "plan" -> new PlanCommand();
            case "load" -> new LoadCommand();
            case "checksum" -> new ChecksumCommand();
            case "export" -> new ExportCommand();
            case "bake" -> new BakeCommand();
            case "diff" -> new DiffCommand();
            case "stats" -> new StatsCommand();
            case "demo" -> new DemoCommand();
            case "generate-completion" -> new AutoComplete.GenerateCompletion();
            default -> throw new IllegalArgumentException(name);
        };
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
