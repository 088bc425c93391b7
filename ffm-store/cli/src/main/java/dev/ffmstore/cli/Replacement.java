package dev.ffmstore.cli;

import picocli.CommandLine.Option;

/// The option that says what becomes of an output that exists already.
final class Replacement {
    @Option(names = "--force", description = "replace OUT if it is there, once the new one is complete")
    private boolean force;

    boolean isAllowed() {
        return force;
    }
}
