package dev.ffmstore.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// IREE's tools: they compile modules for any processor of the machine's kind, and run them on this one.
final class Iree {
    private static final List<String> TARGET = List.of(
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-cpu=generic",
            "--iree-input-demote-f64-to-f32=false"); // or a parameter of this type is not what it was declared as

    private Iree() {}

    /// {@return the Python that has IREE, safetensors, JAX and gguf-py}
    static PythonEnvironment environment() throws IOException {
        return PythonEnvironment.of(Places.scripts().resolve("requirements-iree.txt"));
    }

    /// Runs a script of this suite's.
    ///
    /// @param arguments its own, as [Object#toString()] has them
    /// @return what it printed
    static String script(String name, Object... arguments) throws IOException {
        List<String> line =
                new ArrayList<>(List.of(Places.scripts().resolve(name).toString()));
        Arrays.stream(arguments).map(Object::toString).forEach(line::add);
        return environment().run(line.toArray(String[]::new));
    }

    /// Compiles a module for the processor.
    ///
    /// @param options more of the compiler's
    static Measured compile(Path module, Path out, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(module.toString(), "-o", out.toString()));
        arguments.addAll(TARGET);
        arguments.addAll(List.of(options));
        return Measured.run(environment(), "iree-compile", arguments);
    }

    /// Writes a module as MLIR bytecode.
    static void writeBytecode(Path module, Path out) throws IOException {
        Measured.run(environment(), "iree-opt", List.of(module.toString(), "--emit-bytecode", "-o", out.toString()));
    }

    /// Runs a function of a compiled module, on the device of one thread: that of several, as of IREE 3.13, now and
    /// then uses a splat parameter before it has been filled, and fails.
    ///
    /// @param out where its result goes; NPY by that name's end, else its bytes as they are
    /// @param options more of the tool's, such as inputs and parameter files
    static Measured run(Path compiled, String function, Path out, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("--module=" + compiled, "--device=local-sync", "--function=" + function, "--output=@" + out));
        arguments.addAll(List.of(options));
        return Measured.run(environment(), "iree-run-module", arguments);
    }

    /// {@return the table of a parameter file's contents}
    static String dumpParameters(Path file) throws IOException {
        return Measured.run(environment(), "iree-dump-parameters", List.of("--parameters=" + file))
                .output();
    }
}
