package dev.ffmstore.cli;

import dev.ffmstore.internal.memory.ProcessMemory;
import java.io.PrintWriter;

/// Runs a command, and says on standard error how much memory the process had at its peak.
final class PeakProbe {
    private PeakProbe() {}

    public static void main(String[] args) {
        int status = Main.run(new PrintWriter(System.out), new PrintWriter(System.err), args);
        System.err.println(ProcessMemory.peakResidentBytes().orElse(0));
        System.exit(status);
    }
}
