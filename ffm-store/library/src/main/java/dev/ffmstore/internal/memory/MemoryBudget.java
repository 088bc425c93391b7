package dev.ffmstore.internal.memory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Finds how much memory the process may still take: what the machine has available, and what each memory cgroup
/// above the process leaves, at every level, for cgroup v1 and v2. Page cache that the kernel can reclaim does not
/// count as used. Swap does not count as memory.
///
/// The numbers come from `/proc` and the cgroup file systems that it names; where there is no `/proc`, nothing is
/// known.
public final class MemoryBudget {
    /// The smallest amount that any limit leaves.
    ///
    /// @param availableBytes how many bytes may still be taken, 0 or more
    /// @param limit the limit that leaves the least, for a message
    public record Budget(long availableBytes, String limit) {}

    private final Path root;

    /// @param root the folder that is `/`: another one in tests
    MemoryBudget(Path root) {
        this.root = root;
    }

    /// {@return what is left for this process, or empty if nothing is known}
    public static Optional<Budget> ofThisProcess() {
        return new MemoryBudget(Path.of("/")).read();
    }

    Optional<Budget> read() {
        List<Budget> budgets = new ArrayList<>();
        memAvailable().ifPresent(bytes -> budgets.add(new Budget(bytes, "MemAvailable")));
        List<CgroupMount> mounts = mounts();
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            // hierarchy:controllers:path, for v2 with 0 and no controllers
            String[] parts = line.split(":", 3);
            if (parts.length == 3) {
                boolean unified = parts[0].equals("0") && parts[1].isEmpty();
                if (unified || List.of(parts[1].split(",")).contains("memory")) {
                    mounts.stream()
                            .filter(mount -> mount.unified == unified)
                            .forEach(mount -> walkUp(mount, parts[2], budgets));
                }
            }
        }
        return budgets.stream().min((a, b) -> Long.compare(a.availableBytes, b.availableBytes));
    }

    private OptionalLong memAvailable() {
        return keyed(root.resolve("proc/meminfo"), "MemAvailable:").stream()
                .mapToLong(kib -> kib * 1024)
                .findFirst();
    }

    /// A mounted cgroup file system.
    ///
    /// @param folder where the file system is mounted
    /// @param top the cgroup at its root
    private record CgroupMount(Path folder, String top, boolean unified) {}

    private List<CgroupMount> mounts() {
        List<CgroupMount> mounts = new ArrayList<>();
        for (String line : lines(root.resolve("proc/self/mountinfo"))) {
            // id parent major:minor root mount-point options … - type source super-options
            String[] halves = line.split(" - ", 2);
            String[] left = halves[0].split(" ");
            if (halves.length < 2 || left.length < 5) {
                continue;
            }
            String[] right = halves[1].split(" ");
            boolean unified = right[0].equals("cgroup2");
            boolean memory = right[0].equals("cgroup")
                    && List.of(right[right.length - 1].split(",")).contains("memory");
            if (unified || memory) {
                mounts.add(new CgroupMount(
                        root.resolve(left[4].replace("\\040", " ").substring(1)), left[3], unified));
            }
        }
        return mounts;
    }

    private void walkUp(CgroupMount mount, String cgroup, List<Budget> budgets) {
        // What is mounted may be only a part of the hierarchy, as in a container.
        String below = cgroup;
        if (!mount.top.equals("/") && (cgroup + "/").startsWith(mount.top + "/")) {
            below = cgroup.substring(mount.top.length());
        }
        Path folder = mount.folder
                .resolve(below.startsWith("/") ? below.substring(1) : below)
                .normalize();
        if (!folder.startsWith(mount.folder) || !Files.isDirectory(folder)) {
            folder = mount.folder;
        }
        for (Path level = folder; level != null && level.startsWith(mount.folder); level = level.getParent()) {
            OptionalLong left = mount.unified ? leftV2(level) : leftV1(level);
            if (left.isPresent()) {
                budgets.add(new Budget(left.getAsLong(), "cgroup limit of /" + root.relativize(level)));
            }
        }
    }

    private static OptionalLong leftV2(Path level) {
        OptionalLong limit = number(level.resolve("memory.max"));
        OptionalLong used = number(level.resolve("memory.current"));
        long reclaimable =
                keyed(level.resolve("memory.stat"), "inactive_file", "active_file", "slab_reclaimable").stream()
                        .mapToLong(Long::longValue)
                        .sum();
        return left(limit, used, reclaimable);
    }

    private static OptionalLong leftV1(Path level) {
        OptionalLong limit = number(level.resolve("memory.limit_in_bytes"));
        OptionalLong used = number(level.resolve("memory.usage_in_bytes"));
        long reclaimable = keyed(level.resolve("memory.stat"), "total_inactive_file", "total_active_file").stream()
                .mapToLong(Long::longValue)
                .sum();
        return left(limit, used, reclaimable);
    }

    private static OptionalLong left(OptionalLong limit, OptionalLong used, long reclaimable) {
        if (limit.isEmpty() || used.isEmpty()) {
            return OptionalLong.empty();
        }
        long held = Math.max(0, used.getAsLong() - reclaimable);
        return OptionalLong.of(Math.max(0, limit.getAsLong() - held));
    }

    /// Reads the number in a file of one line; empty if there is none (`max`).
    private static OptionalLong number(Path file) {
        return lines(file).stream()
                .limit(1)
                .flatMapToLong(line -> parse(line).stream())
                .findFirst();
    }

    /// Reads the numbers after some keys in a file of `key number …` lines.
    private static List<Long> keyed(Path file, String... keys) {
        List<Long> numbers = new ArrayList<>();
        for (String line : lines(file)) {
            String[] words = line.trim().split("\\s+");
            if (words.length >= 2 && List.of(keys).contains(words[0])) {
                parse(words[1]).ifPresent(numbers::add);
            }
        }
        return numbers;
    }

    private static OptionalLong parse(String word) {
        try {
            return OptionalLong.of(Long.parseLong(word.trim()));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return List.of();
        }
    }
}
