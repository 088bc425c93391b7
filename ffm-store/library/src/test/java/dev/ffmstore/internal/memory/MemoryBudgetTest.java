package dev.ffmstore.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Made-up `/proc` and cgroup trees.
class MemoryBudgetTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path root;

    @BeforeEach
    void machineOf8Gib() throws IOException {
        write("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void v2(String top) throws IOException {
        write(
                "proc/self/mountinfo",
                "22 1 0:20 / /proc rw - proc proc rw\n30 23 0:26 " + top
                        + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    }

    private MemoryBudget.Budget budget() {
        return new MemoryBudget(root).read().orElseThrow();
    }

    @Test
    void knowsNothingWithoutProc() {
        assertThat(new MemoryBudget(root.resolve("nowhere")).read()).isEmpty();
    }

    @Test
    void isMemAvailableWithoutCgroups() {
        assertThat(budget()).isEqualTo(new MemoryBudget.Budget(8192 * MIB, "MemAvailable"));
    }

    @Test
    void takesTheTightestLevelOfV2() throws IOException {
        v2("/");
        write("proc/self/cgroup", "0::/outer/inner\n");
        write("sys/fs/cgroup/outer/memory.max", 1000 * MIB + "\n");
        write("sys/fs/cgroup/outer/memory.current", 700 * MIB + "\n");
        write(
                "sys/fs/cgroup/outer/memory.stat",
                "anon 1\nfile 5\ninactive_file " + 100 * MIB + "\nactive_file " + 50 * MIB + "\nslab_reclaimable "
                        + 10 * MIB + "\n");
        write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
        write("sys/fs/cgroup/outer/inner/memory.current", 600 * MIB + "\n");
        assertThat(budget().availableBytes()).isEqualTo(460 * MIB);
        assertThat(budget().limit()).isEqualTo("cgroup limit of /sys/fs/cgroup/outer");
        write("sys/fs/cgroup/outer/inner/memory.max", 640 * MIB + "\n");
        assertThat(budget().availableBytes()).isEqualTo(40 * MIB);
    }

    @Test
    void seesTheLimitOfAContainerWhoseCgroupIsTheRootOfTheMount() throws IOException {
        v2("/");
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", 512 * MIB + "\n");
        write("sys/fs/cgroup/memory.current", 500 * MIB + "\n");
        write("sys/fs/cgroup/memory.stat", "inactive_file " + 600 * MIB + "\n");
        assertThat(budget().availableBytes()).isEqualTo(512 * MIB);
    }

    @Test
    void seesTheLimitWhereAPartOfTheHierarchyIsMounted() throws IOException {
        v2("/docker/abc");
        write("proc/self/cgroup", "0::/docker/abc/child\n");
        write("sys/fs/cgroup/child/memory.max", 300 * MIB + "\n");
        write("sys/fs/cgroup/child/memory.current", 100 * MIB + "\n");
        assertThat(budget().availableBytes()).isEqualTo(200 * MIB);
    }

    @Test
    void isZeroWhereTheLimitIsExceeded() throws IOException {
        v2("/");
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "1000\n");
        write("sys/fs/cgroup/memory.current", "2000\n");
        assertThat(budget().availableBytes()).isZero();
    }

    @Test
    void takesTheTightestLevelOfV1() throws IOException {
        write(
                "proc/self/mountinfo",
                "31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                        + "33 25 0:28 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory\n");
        write("proc/self/cgroup", "5:cpu,cpuacct:/elsewhere\n4:memory:/a/b\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", 100 * MIB + "\n");
        write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", 900 * MIB + "\n");
        write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", 500 * MIB + "\n");
        write(
                "sys/fs/cgroup/memory/a/memory.stat",
                "inactive_file 5\ntotal_inactive_file " + 30 * MIB + "\ntotal_active_file " + 20 * MIB + "\n");
        write("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", 800 * MIB + "\n");
        write("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", 100 * MIB + "\n");
        assertThat(budget().availableBytes()).isEqualTo(450 * MIB);
        assertThat(budget().limit()).isEqualTo("cgroup limit of /sys/fs/cgroup/memory/a");
    }
}
