package dev.ffmstore.cli.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The machine and the JVM that figures were measured on.
///
/// @param os the name, version and architecture of the operating system
/// @param processor the model as the kernel names it, or `unknown`
/// @param processors how many processors the JVM uses
/// @param memoryBytes the machine's memory in bytes, 0 if it is not known
/// @param jvm the vendor and version of the JVM
/// @param collectors the collectors of the heap
/// @param flags the arguments that the JVM was started with
public record Machine(
        String os,
        String processor,
        int processors,
        long memoryBytes,
        String jvm,
        String collectors,
        List<String> flags) {

    /// {@return this machine and this JVM}
    public static Machine current() {
        return new Machine(
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                field("/proc/cpuinfo", "model name", "unknown"),
                Runtime.getRuntime().availableProcessors(),
                Long.parseLong(field("/proc/meminfo", "MemTotal", "0 kB").split(" ")[0]) * 1024,
                System.getProperty("java.vendor") + " " + System.getProperty("java.vm.version"),
                HeapUsage.collectors(),
                ManagementFactory.getRuntimeMXBean().getInputArguments());
    }

    /// Returns the value of the first `name : value` in a file, trimmed.
    private static String field(String file, String name, String otherwise) {
        try (Stream<String> lines = Files.lines(Path.of(file), StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElse(otherwise);
        } catch (IOException | UncheckedIOException e) {
            return otherwise;
        }
    }
}
