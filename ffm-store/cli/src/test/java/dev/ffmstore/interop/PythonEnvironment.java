package dev.ffmstore.interop;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// A Python with the packages of one requirements file, made once and kept in the user's cache folder.
///
/// ```java
/// PythonEnvironment python = PythonEnvironment.of(Places.scripts().resolve("requirements.txt"));
/// String output = python.run("-m", "pip", "list");
/// ```
///
/// Another requirements file, or another Python, is another environment. Packages come from wherever pip is
/// configured to look.
final class PythonEnvironment {
    private static final List<String> NAMES =
            List.of("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10");

    private final Path python;

    private PythonEnvironment(Path python) {
        this.python = python;
    }

    /// {@return the environment of a requirements file, made now if it is not there}
    ///
    /// @throws IOException if there is no Python of 3.10 or newer with venv, or the packages cannot be had
    static PythonEnvironment of(Path requirements) throws IOException {
        return of(List.of(requirements));
    }

    /// {@return the environment of a requirements file whose packages are compiled, made now if it is not there}
    ///
    /// @param tools the requirements file of what they are compiled with, installed first
    /// @throws IOException if there is no Python of 3.10 or newer with venv, or the packages cannot be had
    static PythonEnvironment compiled(Path tools, Path requirements) throws IOException {
        return of(List.of(tools, requirements));
    }

    private static PythonEnvironment of(List<Path> requirements) throws IOException {
        Interpreter base = Interpreter.find();
        StringBuilder packages = new StringBuilder();
        for (Path each : requirements) {
            packages.append(Files.readString(each));
        }
        String key = Sha256.of((packages + base.version()).getBytes(StandardCharsets.UTF_8))
                .substring(0, 16);
        Path folder = Cache.keep("python-" + key, place -> make(base, requirements, place));
        return new PythonEnvironment(pythonIn(folder));
    }

    private static void make(Interpreter base, List<Path> requirements, Path place) throws IOException {
        Command venv = Command.run(List.of(base.name(), "-m", "venv", place.toString()));
        if (!venv.succeeded()) {
            throw new IOException(base.name() + " (" + base.version() + ") cannot make a virtual environment;"
                    + " install its venv and ensurepip modules (python3-venv on Debian and Ubuntu)\n" + venv.output()
                    + venv.errors());
        }
        PythonEnvironment made = new PythonEnvironment(pythonIn(place));
        made.install(requirements.getFirst());
        for (Path compiled : requirements.subList(1, requirements.size())) {
            // with the tools that are there, and not a package that was compiled before with other settings
            made.install(compiled, "--no-build-isolation", "--no-cache-dir");
        }
    }

    private void install(Path requirements, String... options) throws IOException {
        // as a module: pip's own script names the interpreter by the path that is about to change
        List<String> arguments = new ArrayList<>(
                List.of("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("--requirement", requirements.toString()));
        run(arguments.toArray(String[]::new));
    }

    private static Path pythonIn(Path folder) {
        return folder.resolve("bin/python");
    }

    /// {@return the interpreter}
    Path python() {
        return python;
    }

    /// {@return what Python prints to stdout}
    ///
    /// @param arguments those of the interpreter: a script and its own, or `-m` and a module
    /// @throws IOException with all that was printed, if the exit status is not 0
    String run(String... arguments) throws IOException {
        // nothing of the user's: no PYTHON* variables, no packages of the home folder; no __pycache__ beside the
        // scripts
        List<String> line = new ArrayList<>(List.of(python.toString(), "-E", "-s", "-B", "-X", "utf8"));
        line.addAll(List.of(arguments));
        return Command.run(line).outputOrFail();
    }

    /// A Python that is installed.
    ///
    /// @param name what it is called on the PATH
    /// @param version its full version
    private record Interpreter(String name, String version) {
        private static final String PROBE = "import sys; print(sys.version_info >= (3, 10)); print(sys.version)";

        static Interpreter find() throws IOException {
            List<String> unfit = new ArrayList<>();
            for (String name : NAMES) {
                Command probe;
                try {
                    probe = Command.run(List.of(name, "-c", PROBE));
                } catch (IOException absent) {
                    continue;
                }
                String version = probe.output().lines().skip(1).collect(Collectors.joining(" "));
                if (probe.output().startsWith("True")) {
                    return new Interpreter(name, version);
                }
                unfit.add(name + " ("
                        + (probe.succeeded() ? version : probe.errors().strip()) + ")");
            }
            throw new IOException("the interop suite needs Python 3.10 or newer on the PATH, as one of "
                    + String.join(", ", NAMES) + "; found "
                    + (unfit.isEmpty() ? "none" : String.join(", ", unfit)));
        }
    }
}
