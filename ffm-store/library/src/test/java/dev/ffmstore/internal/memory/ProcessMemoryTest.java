package dev.ffmstore.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcessMemoryTest {
    private static final long MIB = 1 << 20;

    private static final String SMAPS = """
            7f0000000000-7f0000800000 rw-p 00000000 00:00 0
            Size:               8192 kB
            AnonHugePages:      6144 kB
            VmFlags: rd wr mr mw me ac nr sd hg
            7f0000800000-7f0000c00000 rw-p 00000000 00:00 0
            AnonHugePages:      4096 kB
            7f1000000000-7f1000400000 r--p 00000000 08:01 1234  /usr/lib/a-b c.so
            AnonHugePages:         0 kB
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
            AnonHugePages:         0 kB
            """;

    private static long hugePageBytes(List<MemorySegment> segments) throws IOException {
        return ProcessMemory.hugePageBytes(segments, new BufferedReader(new StringReader(SMAPS)));
    }

    /// Never accessed: only where it is and how long counts.
    private static MemorySegment at(long address, long size) {
        return MemorySegment.ofAddress(address).reinterpret(size);
    }

    @Test
    void countsTheMappingsTheSegmentsLieIn() throws IOException {
        assertThat(hugePageBytes(List.of(at(0x7f0000000000L, 8 * MIB)))).isEqualTo(6 * MIB);
        assertThat(hugePageBytes(List.of(at(0x7f0000000000L, 9 * MIB)))).isEqualTo(8 * MIB);
        assertThat(hugePageBytes(List.of(at(0x7f1000000000L, 64)))).isZero();
        assertThat(hugePageBytes(List.of())).isZero();
    }

    @Test
    void countsNoMoreThanTheSegmentsTake() throws IOException {
        assertThat(hugePageBytes(List.of(at(0x7f0000000000L, 64), at(0x7f0000200000L, 100))))
                .isEqualTo(4 * MIB);
        assertThat(hugePageBytes(List.of(at(0x7f0000000000L, 0)))).isZero();
    }

    @Test
    void leavesOutWhatLiesBetween() throws IOException {
        assertThat(hugePageBytes(List.of(at(0x7effff000000L, 64), at(0x7f1000000000L, 64))))
                .isZero();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void readsWhatTheKernelSays() {
        assertThat(ProcessMemory.residentBytes().orElseThrow())
                .isBetween(MIB, ProcessMemory.peakResidentBytes().orElseThrow());
        assertThat(ProcessMemory.swappedBytes()).isPresent();
    }
}
