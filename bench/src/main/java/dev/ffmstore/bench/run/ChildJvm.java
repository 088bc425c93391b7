package dev.ffmstore.bench.run;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// The command that starts another JVM, with this one's JDK and class path, and the flags that the library wants.
///
/// @param libraryFlags the flags for the library
/// @param flags the caller's flags, such as `-Xmx32m`
/// @param main the main class
/// @param arguments the arguments of the main class
public record ChildJvm(List<String> libraryFlags, List<String> flags, Class<?> main, List<String> arguments) {
    private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

    /// The flags that vector decoders and huge pages need.
    public static final List<String> LIBRARY_FLAGS = List.of(VECTOR_MODULE, "--enable-native-access=ALL-UNNAMED");

    /// Makes the command of a JVM with all flags that the library wants.
    public ChildJvm(List<String> flags, Class<?> main, List<String> arguments) {
        this(LIBRARY_FLAGS, flags, main, arguments);
    }

    /// {@return a JVM that runs this program again, with other arguments}
    ///
    /// @param command one of the program's commands
    public static ChildJvm ofThisProgram(CommandSpec command, List<String> flags, List<String> arguments) {
        return new ChildJvm(flags, command.root().userObject().getClass(), arguments);
    }

    /// {@return the same JVM without native access}
    public ChildJvm withoutNativeAccess() {
        return new ChildJvm(List.of(VECTOR_MODULE), flags, main, arguments);
    }

    /// {@return whether this JVM has what [#LIBRARY_FLAGS] give}
    public static boolean isThisOne() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                && ChildJvm.class.getModule().isNativeAccessEnabled();
    }

    /// {@return all flags: the library's, those of this JVM that set our properties, the caller's}
    public List<String> allFlags() {
        List<String> all = new ArrayList<>(libraryFlags);
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("-Dffmstore.") && !flags.contains(flag))
                .forEach(all::add);
        all.addAll(flags);
        return all;
    }

    /// {@return a process that is ready to be started}
    public ProcessBuilder process() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(allFlags());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command);
    }
}
