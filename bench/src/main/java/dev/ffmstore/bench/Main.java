package dev.ffmstore.bench;

import dev.ffmstore.bench.export.WholeExport;
import dev.ffmstore.bench.ggml.GgmlCommand;
import dev.ffmstore.bench.kernels.Kernels;
import dev.ffmstore.bench.load.ColdStart;
import dev.ffmstore.bench.load.Scaling;
import dev.ffmstore.bench.load.WholeLoad;
import dev.ffmstore.bench.memory.MemoryHarness;
import dev.ffmstore.bench.memory.MemoryTable;
import dev.ffmstore.bench.peers.Peers;
import dev.ffmstore.bench.report.Report;
import dev.ffmstore.bench.run.ChildJvm;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The entry point of `benchmarks.jar`: runs a command by its name, and JMH for everything else.
@Command(
        name = "benchmarks",
        description = "Benchmarks of ffm-store. Arguments that name no command go to JMH, -h lists its options.",
        subcommands = {
            WholeLoad.class,
            MemoryHarness.class,
            Kernels.class,
            GgmlCommand.class,
            Peers.class,
            MemoryTable.class,
            ColdStart.class,
            Scaling.class,
            WholeExport.class,
            Report.class
        })
public final class Main {
    private Main() {}

    /// @param args a command and its options, or JMH's arguments
    public static void main(String[] args) throws Exception {
        if (!ChildJvm.isThisOne()) {
            System.exit(relaunch(args));
        }
        CommandLine commands = commands();
        if (args.length == 0 || args[0].equals("--help")) {
            commands.usage(System.out);
        } else if (commands.getSubcommands().containsKey(args[0])) {
            System.exit(commands.execute(args));
        } else {
            org.openjdk.jmh.Main.main(args);
        }
    }

    /// {@return the commands; a failure is one line on stderr and exit status 1, wrong usage is exit status 2}
    static CommandLine commands() {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + failure);
                    return CommandLine.ExitCode.SOFTWARE;
                });
    }

    /// Runs the same arguments in a JVM that has the library's flags in addition to those of this JVM.
    private static int relaunch(String[] args) throws IOException, InterruptedException {
        List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments();
        Process child = new ChildJvm(flags, Main.class, List.of(args))
                .process()
                .inheritIO()
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(child::destroy));
        return child.waitFor();
    }
}
