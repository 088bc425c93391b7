package dev.ffmstore.interop;

import dev.ffmstore.TensorStore;
import dev.ffmstore.internal.memory.ProcessMemory;
import java.io.IOException;
import java.nio.file.Path;

/// A program that loads and closes a model a number of times and prints the resident set after each, in bytes, a
/// line each.
final class RepeatedLoads {
    private RepeatedLoads() {}

    public static void main(String[] arguments) throws IOException {
        for (int i = Integer.parseInt(arguments[1]); i > 0; i--) {
            TensorStore.load(Path.of(arguments[0])).close();
            System.out.println(ProcessMemory.residentBytes().orElseThrow());
        }
    }
}
