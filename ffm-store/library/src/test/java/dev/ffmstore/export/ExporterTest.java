package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.formats.Irpa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExporterTest {
    private static final ExportOptions OPTIONS = ExportOptions.defaults().threads(2);

    @TempDir
    Path folder;

    private final TestConstants source = new TestConstants()
            .add("a", DType.F32, 1_500_001)
            .add("zeros", DType.F32, new byte[6_000_000], 1_500_000)
            .add("b", DType.I8, 3_000_001);
    private final FileLayout layout = Irpa.layout(source);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void writesAFileAndNothingElse(int threads) throws IOException {
        Path target = folder.resolve("model.irpa");
        ExportReport report = exporter(OPTIONS.threads(threads)).write(target, layout);
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(report.bytes()).isEqualTo(layout.size());
        assertThat(report.threads()).isBetween(1, threads);
        assertThat(report.files()).isOne();
        assertThat(names()).containsExactly("model.irpa");
        assertThat(source.openReaders()).isZero();
    }

    @Test
    void writesAFolder() throws IOException {
        Path target = folder.resolve("out");
        ExportReport report = exporter(OPTIONS).writeFolder(target, files());
        assertThat(report.files()).isEqualTo(4);
        assertThat(Files.readAllBytes(target.resolve("model.irpa"))).isEqualTo(source.render(layout));
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
        assertThat(out.toByteArray()).isEqualTo(source.render(layout));
        assertThat(heard.getLast()).isEqualTo(layout.size());
        assertThat(source.openReaders()).isZero();
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
        }
        assertThat(bytes).isEqualTo(layout.size());
        assertThat(Files.readAllBytes(target)).isEqualTo(source.render(layout));
        assertThat(names()).containsExactly("model.irpa");
    }

    @Test
    void aPartIsWrittenOverWhatIsThereAndTouchesNothingElse() throws IOException {
        Path target = folder.resolve("model.irpa");
        byte[] garbage = new byte[(int) layout.size()];
        Arrays.fill(garbage, (byte) 0x55);
        Files.write(target, garbage);
        Part part = new Part(2, 3);
        exporter(OPTIONS).writePart(target, layout, part);
        int from = (int) part.from(layout.size());
        int to = (int) part.to(layout.size());
        byte[] expected = garbage.clone();
        System.arraycopy(source.render(layout), from, expected, from, to - from);
        assertThat(Files.readAllBytes(target)).isEqualTo(expected);
    }

    @Test
    void refusesAPartOfAnotherFile() throws IOException {
        Path target = Files.write(folder.resolve("model.irpa"), new byte[5]);
        assertThatThrownBy(() -> exporter(OPTIONS.replace(true)).writePart(target, layout, new Part(1, 2)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("model.irpa: is not a file of this export: expected " + layout.size())
                .hasMessageContaining("got 5");
        assertThat(target).hasSize(5);
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(folder, layout, new Part(1, 2)))
                .hasMessageContaining("is not a regular file");
        Path nowhere = folder.resolve("nowhere/model.irpa");
        assertThatThrownBy(() -> exporter(OPTIONS).writePart(nowhere, layout, new Part(1, 2)))
                .hasMessage(nowhere + ": cannot be written: no such folder");
    }

    @Test
    void refusesAPartThatIsBeingWritten() throws IOException {
        Path target = folder.resolve("model.irpa");
        exporter(OPTIONS).writePart(target, layout, new Part(1, 2));
        Part second = new Part(2, 2);
        try (FileChannel other = FileChannel.open(target, StandardOpenOption.WRITE)) {
            other.lock(second.to(layout.size()) - 1, 1, false);
            exporter(OPTIONS).writePart(target, layout, new Part(1, 2));
            assertThatThrownBy(() -> exporter(OPTIONS).writePart(target, layout, second))
                    .hasMessageContaining("model.irpa: part 2/2 is being written by another process");
        }
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

    private Exporter exporter(ExportOptions options) {
        return new Exporter(source, options);
    }

    private List<NamedLayout> files() {
        return List.of(
                new NamedLayout("model.irpa", layout),
                new NamedLayout("empty", FileLayout.builder().build()),
                new NamedLayout(
                        "deep/er/a.raw",
                        FileLayout.builder()
                                .add(new FileLayout.Raw(source.constant("a")))
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
