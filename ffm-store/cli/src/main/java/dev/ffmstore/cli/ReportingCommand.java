package dev.ffmstore.cli;

import dev.ffmstore.Model;
import dev.ffmstore.cli.report.Json;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What all commands have in common: they report, as text or as JSON, and fail with one line.
abstract class ReportingCommand implements Callable<Integer> {
    static final String STACKTRACE = "--stacktrace";

    @Spec
    CommandSpec spec;

    @Option(names = "--json", description = "print one JSON object, and nothing else, to standard output")
    boolean json;

    @Option(names = STACKTRACE, description = "on a failure, also print where it came from")
    boolean stacktrace;

    /// {@return the name of the file the command is about}
    abstract String subject();

    /// {@return the name of the file that a failure is about, which may be another one}
    String subject(Throwable failure) {
        return subject();
    }

    /// Does the command's work.
    abstract void execute() throws Exception;

    /// {@return the exit status of a command that has done its work}
    int status() {
        return Main.OK;
    }

    @Override
    public final Integer call() throws Exception {
        try {
            execute();
            return status();
        } catch (Error e) {
            throw new Failures.ErrorInCommand(e);
        }
    }

    /// Refuses an output that would replace the model.
    final void requireOther(String option, Path output, ModelArgument model) throws IOException {
        Path input = model.path().orElse(null);
        if (input != null && Files.exists(output) && Files.exists(input) && Files.isSameFile(output, input)) {
            throw new ParameterException(spec.commandLine(), option + ": names the model itself");
        }
    }

    /// Refuses an output that would replace a part of the model.
    final void requireOther(String option, Path output, Model model) throws IOException {
        for (GgufFile part : model.gguf()) {
            requireOther(option, output, new ModelArgument.Converter().convert(part.name()));
        }
    }

    /// Tells the user on standard error what a model is or has that its name does not say.
    final void warn(Model model) {
        PrintWriter err = spec.commandLine().getErr();
        for (String warning : model.warnings()) {
            err.println("ffm-store: warning: " + Printable.escape(model.name()) + ": " + warning);
        }
        err.flush();
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final void printJson(Json.Body body) throws IOException {
        Json.print(out(), body);
    }
}
