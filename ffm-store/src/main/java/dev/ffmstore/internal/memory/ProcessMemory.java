package dev.ffmstore.internal.memory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// What the Linux kernel says of this process's memory. Elsewhere everything is absent.
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");

    private ProcessMemory() {}

    /// {@return the largest resident set so far, in bytes (VmHWM)}
    public static OptionalLong peakResidentBytes() {
        return status("VmHWM:");
    }

    /// {@return the resident set, in bytes (VmRSS)}
    public static OptionalLong residentBytes() {
        return status("VmRSS:");
    }

    /// {@return what is swapped out, in bytes (VmSwap)}
    public static OptionalLong swappedBytes() {
        return status("VmSwap:");
    }

    /// {@return what lies in huge pages of the pool set aside for them, in bytes (HugetlbPages); not part of the
    /// resident set}
    public static OptionalLong pooledHugePageBytes() {
        return status("HugetlbPages:");
    }

    private static OptionalLong status(String key) {
        try {
            for (String line : Files.readAllLines(STATUS, StandardCharsets.ISO_8859_1)) {
                if (line.startsWith(key)) {
                    return OptionalLong.of(kibibytes(line));
                }
            }
            return OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /// {@return how many bytes the kernel holds in huge pages in the mappings that some segments lie in
    /// (AnonHugePages)}
    public static OptionalLong hugePageBytes(List<MemorySegment> segments) {
        long low = Long.MAX_VALUE;
        long high = 0;
        for (MemorySegment segment : segments) {
            if (segment.byteSize() > 0) {
                low = Math.min(low, segment.address());
                high = Math.max(high, segment.address() + segment.byteSize());
            }
        }
        long bytes = 0;
        try (BufferedReader lines = Files.newBufferedReader(MAPPINGS, StandardCharsets.ISO_8859_1)) {
            boolean inside = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int dash = line.indexOf('-');
                if (dash > 0 && Character.digit(line.charAt(0), 16) >= 0 && line.indexOf(' ') > dash) {
                    long start = Long.parseUnsignedLong(line, 0, dash, 16);
                    long end = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
                    inside = start < high && end > low;
                } else if (inside && line.startsWith("AnonHugePages:")) {
                    bytes += kibibytes(line);
                }
            }
            return OptionalLong.of(bytes);
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static long kibibytes(String line) {
        String[] words = line.split("\\s+");
        return Long.parseLong(words[1]) * 1024;
    }
}
