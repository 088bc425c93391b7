package dev.ffmstore.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// What all commands have in common: they report, on paper or as JSON, and fail with a line.
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

    /// Does the command's work.
    abstract void execute() throws Exception;

    @Override
    public final Integer call() throws Exception {
        try {
            execute();
            return Main.OK;
        } catch (Error e) {
            throw new Failures.ErrorInCommand(e);
        }
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final void printJson(Json.Body body) throws IOException {
        Json.print(out(), body);
    }
}
