package dev.ffmstore.bench.run;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// The command that starts another JVM: this one's JDK and class path, the flags that the library wants.
///
/// @param libraryFlags what the library is given
/// @param flags flags of the caller's, such as `-Xmx32m`
/// @param main the main class
/// @param arguments its arguments
public record ChildJvm(List<String> libraryFlags, List<String> flags, Class<?> main, List<String> arguments) {
    private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

    /// What vector decoders and huge pages need.
    public static final List<String> LIBRARY_FLAGS = List.of(VECTOR_MODULE, "--enable-native-access=ALL-UNNAMED");

    /// A JVM with all that the library wants.
    public ChildJvm(List<String> flags, Class<?> main, List<String> arguments) {
        this(LIBRARY_FLAGS, flags, main, arguments);
    }

    /// {@return this program once more, with other arguments}
    ///
    /// @param command one of the program's commands
    public static ChildJvm ofThisProgram(CommandSpec command, List<String> flags, List<String> arguments) {
        return new ChildJvm(flags, command.root().userObject().getClass(), arguments);
    }

    /// {@return the same without native access}
    public ChildJvm withoutNativeAccess() {
        return new ChildJvm(List.of(VECTOR_MODULE), flags, main, arguments);
    }

    /// {@return whether this JVM runs with what [#LIBRARY_FLAGS] give}
    public static boolean isThisOne() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                && ChildJvm.class.getModule().isNativeAccessEnabled();
    }

    /// {@return all flags: the library's, this JVM's properties of ours, the caller's}
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
