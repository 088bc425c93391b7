package dev.ffmstore.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.internal.files.FaultyDisk.Crash;
import dev.ffmstore.internal.files.FaultyDisk.Fault;
import dev.ffmstore.internal.files.FaultyDisk.Machine;
import dev.ffmstore.internal.files.Transaction.Kind;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// A transaction that fails or dies at any of its steps, and the next one.
class TransactionFaultsTest {
    @TempDir
    Path temporary;

    /// What is written, and whether something is there before.
    private record Scenario(Kind kind, boolean replaces, List<String> beside) {
        Scenario(Kind kind, boolean replaces) {
            this(kind, replaces, List.of("config", "vocabulary"));
        }
    }

    private enum State {
        ABSENT,
        OLD,
        NEW,
        NEITHER
    }

    static Stream<Arguments> scenarios() {
        List<Arguments> all = new ArrayList<>();
        for (Machine machine : Machine.values()) {
            for (Kind kind : Kind.values()) {
                all.add(Arguments.of(machine, new Scenario(kind, false)));
                all.add(Arguments.of(machine, new Scenario(kind, true)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void aProcessThatDiesAtAnyStepLeavesEachTargetAsItWasOrComplete(Machine machine, Scenario scenario)
            throws IOException {
        assumeThereIs(machine);
        State before = scenario.replaces ? State.OLD : State.ABSENT;
        boolean mayBeMissing = machine != Machine.KERNEL && scenario.kind == Kind.FOLDER;
        long step = 1;
        for (boolean died = true; died; step++) {
            prepare(scenario);
            FaultyDisk disk = new FaultyDisk(machine, Fault.CRASH, step);
            died = dies(() -> write(scenario, disk));
            State main = main(scenario);
            assertThat(main).as("step %d", step).isIn(allowed(before, mayBeMissing));
            assertThat(config()).as("step %d", step).isIn(State.OLD, State.NEW);
            assertThat(vocabulary()).as("step %d", step).isIn(State.ABSENT, State.NEW);
            if (main == State.NEW) {
                assertThat(List.of(config(), vocabulary())).containsOnly(State.NEW);
            }
            recover(scenario, FaultyDisk.sound(Machine.PLAIN));
            assertThat(main(scenario)).as("after step %d", step).isEqualTo(main == State.ABSENT ? before : main);
            assertThat(config()).isIn(State.OLD, State.NEW);
            assertThat(vocabulary()).isIn(State.ABSENT, State.NEW);
            assertNothingElse(scenario);
        }
        assertThat(main(scenario)).isEqualTo(State.NEW);
        assertThat(step).as("number of steps").isGreaterThan(15);
    }

    @ParameterizedTest
    @EnumSource(Machine.class)
    void nothingHalfDeletedComesBackWhenTheNewFolderIsTakenAway(Machine machine) throws IOException {
        assumeThereIs(machine);
        Scenario scenario = new Scenario(Kind.FOLDER, true);
        boolean died = true;
        for (long step = 1; died; step++) {
            prepare(scenario);
            FaultyDisk disk = new FaultyDisk(machine, Fault.CRASH, step);
            died = dies(() -> write(scenario, disk));
            if (main(scenario) == State.NEW) {
                deleteAll(target());
            }
            recover(scenario, FaultyDisk.sound(Machine.PLAIN));
            assertThat(main(scenario)).as("step %d", step).isIn(State.ABSENT, State.OLD);
        }
        assertThat(main(scenario)).isEqualTo(State.ABSENT);
    }

    @Test
    void aRecoveryThatDiesIsRecoveredFromToo() throws IOException {
        Scenario scenario = new Scenario(Kind.FOLDER, true, List.of());
        boolean died = true;
        for (long step = 1; died; step++) {
            boolean recoveryDied = true;
            for (long second = 1; recoveryDied; second++) {
                prepare(scenario);
                FaultyDisk disk = new FaultyDisk(Machine.PLAIN, Fault.CRASH, step);
                died = dies(() -> write(scenario, disk));
                State main = main(scenario);
                FaultyDisk again = new FaultyDisk(Machine.PLAIN, Fault.CRASH, second);
                recoveryDied = dies(() -> recover(scenario, again));
                assertThat(main(scenario)).as("steps %d, %d", step, second).isIn(main, State.OLD);
                recover(scenario, FaultyDisk.sound(Machine.PLAIN));
                assertThat(main(scenario)).isEqualTo(main == State.ABSENT ? State.OLD : main);
                assertNothingElse(scenario);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void aStepThatFailsLeavesAllTargetsAsTheyWere(Machine machine, Scenario scenario) throws IOException {
        assumeThereIs(machine);
        State before = scenario.replaces ? State.OLD : State.ABSENT;
        boolean failed = true;
        for (long step = 1; failed; step++) {
            prepare(scenario);
            FaultyDisk disk = new FaultyDisk(machine, Fault.ERROR, step);
            IOException failure = failure(() -> write(scenario, disk));
            failed = disk.hasFailed();
            assertThat(failure != null).as("step %d", step).isEqualTo(failed);
            if (failure == null || main(scenario) == State.NEW) {
                assertThat(List.of(main(scenario), config(), vocabulary())).containsOnly(State.NEW);
                assertThat(failure == null ? "is complete" : failure.getMessage())
                        .as("step %d", step)
                        .containsAnyOf("is complete", "cannot be removed", "ffm-store-partial");
            } else {
                assertThat(failure).isInstanceOf(FileSystemException.class);
                assertThat(main(scenario)).as("step %d", step).isEqualTo(before);
                assertThat(vocabulary()).as("step %d", step).isEqualTo(State.ABSENT);
                // without links, what a file was is not known any more once another has its name
                assertThat(config())
                        .as("step %d", step)
                        .isIn(State.OLD, machine == Machine.PLAIN ? State.NEW : State.OLD);
            }
            recover(scenario, FaultyDisk.sound(Machine.PLAIN));
            assertNothingElse(scenario);
        }
    }

    /// Every combination of what may be there; `-` stands for nothing.
    @ParameterizedTest
    @CsvSource({
        "-,    -,   -,   -,    -",
        "-,    -,   new, -,    new",
        "half, -,   -,   -,    -",
        "half, -,   old, -,    old",
        "-,    old, -,   -,    old",
        "-,    old, new, -,    new",
        "new,  old, -,   -,    old",
        "-,    -,   -,   half, -",
        "-,    -,   new, half, new",
        "half, -,   -,   half, -",
        "half, -,   old, half, old",
        "-,    old, -,   half, old",
        "-,    old, new, half, new",
        "new,  old, -,   half, old",
    })
    void whatIsThereTellsWhatToDo(String output, String replaced, String target, String discarded, String expected)
            throws IOException {
        prepare(new Scenario(Kind.FOLDER, false));
        make(partial().resolve("output"), output);
        make(partial().resolve("replaced"), replaced);
        make(partial().resolve("discarded"), discarded);
        make(target(), target);
        Transaction.begin(target(), Kind.FOLDER, Existing.REPLACE).close();
        if (expected.equals("-")) {
            assertThat(target()).doesNotExist();
        } else {
            assertThat(target().resolve(expected)).hasContent(expected);
            assertThat(names(target())).hasSize(1);
        }
        assertThat(partial()).doesNotExist();
    }

    @Test
    void whatWasReplacedIsKeptWhereSomethingElseTookItsPlace() throws IOException {
        prepare(new Scenario(Kind.FOLDER, false));
        make(partial().resolve("output"), "new");
        make(partial().resolve("replaced"), "old");
        make(target(), "other");
        assertThatThrownBy(() -> Transaction.begin(target(), Kind.FOLDER, Existing.REPLACE))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("expected only one of them");
        assertThat(partial().resolve("replaced/old")).hasContent("old");
        assertThat(target().resolve("other")).hasContent("other");
    }

    private static List<State> allowed(State before, boolean mayBeMissing) {
        return mayBeMissing ? List.of(before, State.NEW, State.ABSENT) : List.of(before, State.NEW);
    }

    private static void assumeThereIs(Machine machine) {
        Assumptions.assumeTrue(
                machine != Machine.KERNEL
                        || System.getProperty("os.name").equals("Linux")
                                && Disk.class.getModule().isNativeAccessEnabled(),
                "no native access");
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    private static boolean dies(Action action) throws IOException {
        try {
            action.run();
            return false;
        } catch (Crash e) {
            return true;
        }
    }

    private static IOException failure(Action action) {
        try {
            action.run();
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    private void write(Scenario scenario, Disk disk) throws IOException {
        try (Transaction transaction = Transaction.begin(target(), scenario.kind, Existing.REPLACE, disk)) {
            for (String name : scenario.beside) {
                Files.writeString(transaction.beside(name), "new");
            }
            if (scenario.kind == Kind.FILE) {
                Files.writeString(transaction.output(), "new");
            } else {
                makeFolder(transaction.output(), "new");
            }
            transaction.commit();
        }
    }

    private void recover(Scenario scenario, Disk disk) throws IOException {
        try (Transaction transaction = Transaction.begin(target(), scenario.kind, Existing.REPLACE, disk)) {
            for (String name : scenario.beside) {
                assertThat(transaction.beside(name)).doesNotExist();
            }
        }
    }

    private void prepare(Scenario scenario) throws IOException {
        deleteAll(folder());
        Files.createDirectory(folder());
        Files.writeString(folder().resolve("config"), "old");
        if (scenario.replaces && scenario.kind == Kind.FILE) {
            Files.writeString(target(), "old");
        } else if (scenario.replaces) {
            makeFolder(target(), "old");
        }
    }

    private static void makeFolder(Path path, String text) throws IOException {
        Files.createDirectories(path.resolve("deep"));
        for (String name : List.of("a", "b", "deep/c")) {
            Files.writeString(path.resolve(name), text);
        }
    }

    private static void make(Path path, String text) throws IOException {
        if (!text.equals("-")) {
            Files.writeString(Files.createDirectories(path).resolve(text), text);
        }
    }

    private State main(Scenario scenario) throws IOException {
        if (scenario.kind == Kind.FILE) {
            return state(target());
        }
        if (!Files.exists(target(), LinkOption.NOFOLLOW_LINKS)) {
            return State.ABSENT;
        }
        List<State> states = new ArrayList<>();
        for (String name : List.of("a", "b", "deep/c")) {
            states.add(state(target().resolve(name)));
        }
        return states.stream().distinct().count() == 1 && states.getFirst() != State.ABSENT
                ? states.getFirst()
                : State.NEITHER;
    }

    private State config() throws IOException {
        return state(folder().resolve("config"));
    }

    private State vocabulary() throws IOException {
        return state(folder().resolve("vocabulary"));
    }

    private static State state(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return State.ABSENT;
        }
        return switch (Files.readString(file)) {
            case "old" -> State.OLD;
            case "new" -> State.NEW;
            default -> State.NEITHER;
        };
    }

    private void assertNothingElse(Scenario scenario) throws IOException {
        TreeMap<String, State> expected = new TreeMap<>();
        expected.put("out", main(scenario));
        expected.put("config", config());
        expected.put("vocabulary", vocabulary());
        expected.values().removeIf(State.ABSENT::equals);
        assertThat(names(folder())).containsExactlyElementsOf(expected.keySet());
    }

    private Path folder() {
        return temporary.resolve("folder");
    }

    private Path target() {
        return folder().resolve("out");
    }

    private Path partial() {
        return folder().resolve(".out.ffm-store-partial");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static void deleteAll(Path path) throws IOException {
        if (Files.exists(path)) {
            try (Stream<Path> paths = Files.walk(path)) {
                for (Path one : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(one);
                }
            }
        }
    }
}
