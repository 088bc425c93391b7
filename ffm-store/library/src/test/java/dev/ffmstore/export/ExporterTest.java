package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.formats.Irpa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExporterTest {
    private static final ExportOptions OPTIONS = ExportOptions.defaults().threads(2);

    @TempDir
    Path folder;

    private final Tensors source = new Tensors()
            .add("a", DType.F32, 1_500_001)
            .add("zeros", DType.F32, new byte[6_000_000], 1_500_000)
            .add("b", DType.I8, 3_000_001);
    private final FileLayout layout = Irpa.layout(source.source());

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void writesAFileAndNothingElse(int threads) throws IOException {
        Path target = folder.resolve("model.irpa");
        ExportReport report = exporter(OPTIONS.threads(threads)).write(target, layout);
        assertThat(Files.readAllBytes(target)).isEqualTo(Tensors.rendered(layout));
        assertThat(report.bytes()).isEqualTo(layout.size());
        assertThat(report.threads()).isBetween(1, threads);
        assertThat(report.files()).isOne();
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void writesAFolder() throws IOException {
        Path target = folder.resolve("out");
        ExportReport report = exporter(OPTIONS).writeFolder(target, files());
        assertThat(report.files()).isEqualTo(4);
        assertThat(Files.readAllBytes(target.resolve("model.irpa"))).isEqualTo(Tensors.rendered(layout));
        assertThat(target.resolve("empty")).isEmptyFile();
        assertThat(Files.readAllBytes(target.resolve("deep/er/a.raw"))).isEqualTo(source.bytes("a"));
        assertThat(target.resolve("index.json")).hasContent("{}");
        assertThat(names()).containsExactly("out");
    }

    @Test
    void streams() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<Long> heard = new ArrayList<>();
        exporter(OPTIONS.progress((done, total) -> heard.add(done))).stream(Channels.newChannel(out), "stdout", layout);
        assertThat(out.toByteArray()).isEqualTo(Tensors.rendered(layout));
        assertThat(heard.getLast()).isEqualTo(layout.size());
    }

    @Test
    void tellsOfTheProgress() throws IOException {
        List<Long> heard = new ArrayList<>();
        exporter(OPTIONS.progress((done, total) -> {
                    assertThat(done).isBetween(0L, total);
                    heard.add(done);
                }))
                .writeFolder(folder.resolve("out"), files());
        assertThat(heard).isSorted();
        assertThat(heard.getLast())
                .isEqualTo(
                        files().stream().mapToLong(file -> file.layout().size()).sum());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7})
    void partsInAnyOrderAreTheFile(int count) throws IOException {
        Path target = folder.resolve("model.irpa");
        List<Integer> order = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            order.add(i);
        }
        Collections.reverse(order);
        long bytes = 0;
        for (int number : order) {
            bytes += exporter(OPTIONS)
                    .writePart(target, layout, new Part(number, count))
                    .bytes();
            assertThat(target).hasSize(layout.size());
            assertThat(names()).contains("model.irpa").hasSize(number > 1 ? 2 : 1);
        }
        assertThat(bytes).isEqualTo(layout.size());
        assertThat(Files.readAllBytes(target)).isEqualTo(Tensors.rendered(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void aPartTouchesNothingElse() throws IOException {
        Path target = folder.resolve("model.irpa");
        exporter(OPTIONS).writePart(target, layout, new Part(3, 3));
        byte[] garbage = new byte[(int) layout.size()];
        Arrays.fill(garbage, (byte) 0x55);
        Files.write(target, garbage, StandardOpenOption.WRITE);
        Part part = new Part(2, 3);
        exporter(OPTIONS).writePart(target, layout, part);
        int from = (int) part.from(layout.size());
        int to = (int) part.to(layout.size());
        byte[] expected = garbage.clone();
        System.arraycopy(Tensors.rendered(layout), from, expected, from, to - from);
        assertThat(Files.readAllBytes(target)).isEqualTo(expected);
        assertThat(names()).containsExactly(".model.irpa.ffm-store-parts", "model.irpa");
    }

    @Test
    void refusesAPartOfAnotherFile() throws IOException {
        Path target = Files.write(folder.resolve("model.irpa"), new byte[(int) layout.size()]);
        assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writePart(target, layout, new Part(1, 2)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("model.irpa: is there already, and not as one that is being written in parts");
        assertThat(Files.readAllBytes(target)).containsOnly(0);
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(folder, layout, new Part(1, 2)))
                .hasMessageContaining("is not a regular file");
        Path nowhere = folder.resolve("nowhere/model.irpa");
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(nowhere, layout, new Part(1, 2)))
                .hasMessage(nowhere + ": cannot be written: no such folder");
        assertThat(names()).containsExactly("model.irpa");
        Files.write(target, new byte[0]);
        exporter(OPTIONS).writePart(target, layout, new Part(1, 1));
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void refusesAPartOfAnotherModelOrOfOtherOptions() throws IOException {
        Path target = folder.resolve("model.irpa");
        Part first = new Part(1, 2);
        Part second = new Part(2, 2);
        exporter(OPTIONS).writePart(target, layout, first);
        Tensors other = new Tensors()
                .add("a", DType.I32, 1_500_001)
                .add("zeros", DType.F32, new byte[6_000_000], 1_500_000)
                .add("b", DType.I8, 3_000_001);
        FileLayout sameSize = Irpa.layout(other.source());
        assertThat(sameSize.size()).isEqualTo(layout.size());
        assertThatThrownBy(() -> new Exporter(OPTIONS).writePart(target, sameSize, second))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("model.irpa: holds parts of another model, or written with other options")
                .hasMessageContaining(".model.irpa.ffm-store-parts");
        exporter(OPTIONS).writePart(target, layout, second);
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void aPartThatFailedIsWrittenAgain() throws IOException {
        Path target = folder.resolve("model.irpa");
        exporter(OPTIONS).writePart(target, layout, new Part(1, 2));
        source.beforeRead(constant -> {
            throw new IOException("folder/test.gguf: ends early");
        });
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(target, layout, new Part(2, 2)))
                .hasMessage("folder/test.gguf: tensor zeros cannot be read: ends early");
        assertThat(names()).containsExactly(".model.irpa.ffm-store-parts", "model.irpa");
        source.beforeRead(constant -> {});
        // others than before, one of which is written anew
        exporter(OPTIONS).writePart(target, layout, new Part(3, 3));
        exporter(OPTIONS).writePart(target, layout, new Part(2, 3));
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void saysThatPartsAreLost() throws IOException {
        Path target = folder.resolve("model.irpa");
        Path ledger = folder.resolve(".model.irpa.ffm-store-parts");
        exporter(OPTIONS).writePart(target, layout, new Part(1, 2));
        Files.delete(target);
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(target, layout, new Part(2, 2)))
                .hasMessageContaining("model.irpa: is gone, and parts of it had been written");
        assertThat(target).doesNotExist();
        Files.writeString(ledger, "anything");
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(target, layout, new Part(2, 2)))
                .hasMessageContaining(".model.irpa.ffm-store-parts is damaged");
        exporter(OPTIONS).write(target, layout);
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aPartKeepsItsLockWhenAnotherEnds() throws Exception {
        Path target = folder.resolve("model.irpa");
        Part second = new Part(2, 2);
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        Tensors slow = new Tensors()
                .add("a", DType.F32, 1_500_001)
                .add("zeros", DType.F32, new byte[6_000_000], 1_500_000)
                .add("b", DType.I8, 3_000_001)
                .beforeRead(constant -> {
                    reading.countDown();
                    await(refused);
                });
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<?> writing =
                    executor.submit(() -> new Exporter(OPTIONS).writePart(target, Irpa.layout(slow.source()), second));
            reading.await();
            try {
                Object inode = Files.getAttribute(folder.resolve(".model.irpa.ffm-store-parts"), "unix:ino");
                exporter(OPTIONS).writePart(target, layout, new Part(1, 2));
                assertThat(Files.readAllBytes(target)).hasSize((int) layout.size());
                assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
                assertThatThrownBy(() -> exporter(OPTIONS).writePart(target, layout, second))
                        .hasMessageContaining("model.irpa: part 2/2 is being written by another process");
                assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
            } finally {
                refused.countDown();
            }
            writing.get();
        }
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void partsMayBeWrittenByThreadsAtOnce() throws Exception {
        Path target = folder.resolve("model.irpa");
        int count = 8;
        try (ExecutorService executor = Executors.newFixedThreadPool(count)) {
            List<Future<?>> parts = new ArrayList<>();
            for (int number = 1; number <= count; number++) {
                Part part = new Part(number, count);
                parts.add(executor.submit(() -> exporter(OPTIONS).writePart(target, layout, part)));
            }
            for (Future<?> part : parts) {
                part.get();
            }
        }
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void partsMayBeWrittenByProcessesAtOnce() throws Exception {
        Path target = folder.resolve("model.irpa");
        List<Process> processes = new ArrayList<>();
        for (String part : List.of("1/3", "2/3", "3/3")) {
            processes.add(ExportChild.start(part, target));
        }
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }
        Tensors its = ExportChild.source();
        assertThat(Arrays.equals(Files.readAllBytes(target), its.render(Irpa.layout(its.source()))))
                .isTrue();
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void filesBesideComeWithTheMainOne() throws IOException {
        Path target = folder.resolve("model.irpa");
        List<NamedLayout> beside = List.of(text("config.json", "{}"), text("vocab.json", "[]"));
        ExportReport report = exporter(OPTIONS).write(target, layout, beside);
        assertThat(report.files()).isEqualTo(3);
        assertThat(report.bytes()).isEqualTo(layout.size() + 4);
        assertThat(folder.resolve("config.json")).hasContent("{}");
        assertThat(names()).containsExactly("config.json", "model.irpa", "vocab.json");
        // what is there with the same bytes is left, whatever the options say
        Files.delete(target);
        assertThat(exporter(OPTIONS).write(target, layout, beside).files()).isOne();
        // other bytes are kept, and nothing at all is written
        Files.delete(target);
        Files.writeString(folder.resolve("vocab.json"), "of somebody else");
        assertThatThrownBy(() -> exporter(OPTIONS).write(target, layout, beside))
                .hasMessage(folder.resolve("vocab.json") + ": is there already");
        assertThat(names()).containsExactly("config.json", "vocab.json");
        exporter(OPTIONS.replace(true)).write(target, layout, beside);
        assertThat(folder.resolve("vocab.json")).hasContent("[]");
        assertThat(names()).containsExactly("config.json", "model.irpa", "vocab.json");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> exporter(OPTIONS).write(target, layout, List.of(text("deep/a", ""))));
    }

    @Test
    void anExportThatFailsLeavesTheFilesBesideAlone() throws IOException {
        Path target = folder.resolve("model.irpa");
        Files.writeString(folder.resolve("config.json"), "old");
        List<NamedLayout> beside = List.of(text("config.json", "{}"), text("vocab.json", "[]"));
        source.beforeRead(constant -> {
            throw new IOException("folder/test.gguf: ends early");
        });
        Exporter exporter = exporter(OPTIONS.replace(true));
        assertThatThrownBy(() -> exporter.write(target, layout, beside))
                .hasMessage("folder/test.gguf: tensor a cannot be read: ends early");
        assertThatThrownBy(() -> exporter.writePart(target, layout, beside, new Part(1, 2)))
                .hasMessage("folder/test.gguf: tensor a cannot be read: ends early");
        assertThat(folder.resolve("config.json")).hasContent("old");
        assertThat(folder.resolve("vocab.json")).doesNotExist();
        source.beforeRead(constant -> {});
        exporter.writePart(target, layout, beside, new Part(2, 2));
        assertThat(folder.resolve("config.json")).hasContent("old");
        exporter.writePart(target, layout, beside, new Part(1, 2));
        assertThat(folder.resolve("config.json")).hasContent("{}");
        assertThat(names()).containsExactly("config.json", "model.irpa", "vocab.json");
    }

    @Test
    void onlyWhatTheOldIndexNamesIsRemoved() throws IOException {
        Path target = Files.createDirectories(folder.resolve("out/sub")).getParent();
        Files.writeString(target.resolve("index.json"), """
                {"notes": "no.npy", "tensors": [{"name": "name.npy", "file": "old.npy"}, {"file": "sub/\\u0061.npy"}]}
                """);
        Files.writeString(target.resolve("old.npy"), "old");
        Files.writeString(target.resolve("sub/a.npy"), "old");
        for (String other : List.of("no.npy", "name.npy", "other.irpa", "sub/b.npy", ".hidden")) {
            Path file = Files.writeString(target.resolve(other), "of somebody else");
            assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writeFolder(target, files()))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("out: is a folder of other things, which is not replaced: it has " + other);
            assertThat(file).hasContent("of somebody else");
            Files.delete(file);
        }
        Path empty = Files.createDirectory(target.resolve("empty-folder"));
        assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writeFolder(target, files()))
                .hasMessageContaining("it has empty-folder");
        Files.delete(empty);
        for (String index : List.of("", "[]", "{", "{\"file\": \"old.npy\"", "}", "{\"a\\", "{]", "text")) {
            Files.writeString(target.resolve("index.json"), index);
            assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writeFolder(target, files()))
                    .hasMessageContaining("is not replaced");
        }
        Files.writeString(target.resolve("index.json"), "{\"weight_map\": {\"x\": \"old.npy\", \"y\": \"sub/a.npy\"}}");
        exporter(OPTIONS.replace(true)).writeFolder(target, files());
        assertThat(target.resolve("old.npy")).doesNotExist();
        assertThat(target.resolve("model.irpa")).hasSize(layout.size());
        assertThat(names()).containsExactly("out");
    }

    @Test
    void partsMeetAtPages() {
        for (long size : new long[] {0, 1, 4096, 4097, 12_288, 1_000_003, Long.MAX_VALUE}) {
            for (int count : new int[] {1, 2, 3, 1000}) {
                long end = 0;
                for (int number = 1; number <= count; number++) {
                    Part part = new Part(number, count);
                    assertThat(part.from(size)).isEqualTo(end);
                    end = part.to(size);
                    assertThat(end == size || end % 4096 == 0).isTrue();
                }
                assertThat(end).isEqualTo(size);
            }
        }
        assertThat(Part.parse("2/3")).isEqualTo(new Part(2, 3)).hasToString("2/3");
        for (String wrong : List.of("0/3", "4/3", "3", "a/b", "1/", "-1/2", "1/0", "99999999999/99999999999")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Part.parse(wrong))
                    .withMessageContaining(wrong);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/x", "a/../../x", "a/..", ".", "", "a//b", "a/", "a\0b", "a\\b", "./x"})
    void noPathLeadsOutOfTheFolder(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NamedLayout(path, layout))
                .withMessageContaining("path of an exported file");
    }

    @Test
    void aFolderOfOtherThingsIsNotReplaced() throws IOException {
        Path target = Files.createDirectory(folder.resolve("out"));
        Files.writeString(target.resolve("index.json"), "{}");
        Files.writeString(target.resolve("index.html"), "<p>");
        assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writeFolder(target, files()))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("folder of other things")
                .hasMessageContaining("index.html");
        assertThat(target.resolve("index.html")).hasContent("<p>");
        Files.delete(target.resolve("index.html"));
        exporter(OPTIONS.replace(true)).writeFolder(target, files());
        assertThat(target.resolve("model.irpa")).hasSize(layout.size());
        assertThat(names()).containsExactly("out");
    }

    @Test
    void pathsMayBeDeep() throws IOException {
        String path = String.join("/", Collections.nCopies(64, "d")) + "/a";
        exporter(OPTIONS).writeFolder(folder.resolve("out"), List.of(new NamedLayout(path, layout)));
        assertThat(folder.resolve("out").resolve(path)).hasSize(layout.size());
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static NamedLayout text(String name, String text) {
        return new NamedLayout(
                name,
                FileLayout.builder()
                        .add(new FileLayout.Literal(text.getBytes(StandardCharsets.UTF_8)))
                        .build());
    }

    private Exporter exporter(ExportOptions options) {
        return new Exporter(options);
    }

    private List<NamedLayout> files() {
        return List.of(
                new NamedLayout("model.irpa", layout),
                new NamedLayout("empty", FileLayout.builder().build()),
                new NamedLayout(
                        "deep/er/a.raw",
                        FileLayout.builder(source.source())
                                .add(new FileLayout.Raw(source.tensor("a")))
                                .build()),
                new NamedLayout(
                        "index.json",
                        FileLayout.builder()
                                .add(new FileLayout.Literal(new byte[] {'{', '}'}))
                                .build()));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
