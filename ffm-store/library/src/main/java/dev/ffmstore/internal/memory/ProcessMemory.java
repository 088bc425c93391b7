package dev.ffmstore.internal.memory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// What the Linux kernel says about this process's memory. On other systems everything is absent.
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

    /// {@return how much memory is swapped out, in bytes (VmSwap)}
    public static OptionalLong swappedBytes() {
        return status("VmSwap:");
    }

    /// {@return how much memory is in huge pages of the pool reserved for them, in bytes (HugetlbPages); not part
    /// of the resident set}
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

    /// {@return how many bytes of some segments the kernel holds in huge pages (AnonHugePages of the mappings that
    /// they are in)}
    public static OptionalLong hugePageBytes(List<MemorySegment> segments) {
        try (BufferedReader lines = Files.newBufferedReader(MAPPINGS, StandardCharsets.ISO_8859_1)) {
            return OptionalLong.of(hugePageBytes(segments, lines));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /// @param mappings the lines of `/proc/self/smaps`: for each mapping a line `start-end …`, then its figures
    static long hugePageBytes(List<MemorySegment> segments, BufferedReader mappings) throws IOException {
        long bytes = 0;
        long mostHere = 0;
        for (String line = mappings.readLine(); line != null; line = mappings.readLine()) {
            int dash = line.indexOf('-');
            if (dash > 0 && Character.digit(line.charAt(0), 16) >= 0 && line.indexOf(' ') > dash) {
                long start = Long.parseUnsignedLong(line, 0, dash, 16);
                long end = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
                mostHere = extent(segments, start, end);
            } else if (mostHere > 0 && line.startsWith("AnonHugePages:")) {
                bytes += Math.min(kibibytes(line), mostHere);
            }
        }
        return bytes;
    }

    /// Computes how much of a mapping is between the first and the last byte of the segments in it, in whole huge
    /// pages.
    private static long extent(List<MemorySegment> segments, long start, long end) {
        long low = end;
        long high = start;
        for (MemorySegment segment : segments) {
            long from = segment.address();
            long to = from + segment.byteSize();
            if (from < to && from < end && to > start) {
                low = Math.min(low, Math.max(from, start));
                high = Math.max(high, Math.min(to, end));
            }
        }
        return low >= high ? 0 : LinuxMemory.roundUp(high) - (low & -LinuxMemory.HUGE_PAGE_BYTES);
    }

    private static long kibibytes(String line) {
        String[] words = line.split("\\s+");
        return Long.parseLong(words[1]) * 1024;
    }
}
