package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.Model;
import dev.ffmstore.NameFilter;
import dev.ffmstore.Names;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Small models and what becomes of them under other names and layouts, by hashes that were computed elsewhere.
///
/// `names-cases.zip` holds the files and `manifest.tsv`: id, command, and what is expected of it, `tensors=FILE` or
/// `mlir=FILE` for the tensors of a file (name, dtype, shape, SHA-256, `optional`), or `refuse=WORDS` for a failure
/// with words that are separated by ` & `, each of which is alternatives separated by `|`.
class NamedCasesTest {
    @TempDir
    static Path folder;

    private static final Pattern RESOURCE = Pattern.compile("\"?([A-Za-z_][\\w.]*)\"?: \"0x[0-9A-F]{8}([0-9A-F]*)\"");

    private record Case(String id, String command, String expected) {
        Path file(String name) {
            return folder.resolve(id).getParent().resolve(name);
        }

        /// Returns the argument after an option.
        Optional<String> option(String name) {
            Matcher matcher = Pattern.compile(name + " +'?([^ ']+)").matcher(command);
            return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
        }

        /// Returns the file of the case that the command takes.
        Path input(String suffix) {
            Matcher matcher = Pattern.compile("\\$CASE/(\\S+" + suffix + ")").matcher(command);
            assertThat(matcher.find()).isTrue();
            return file(matcher.group(1));
        }

        TensorForm form() throws IOException {
            Optional<String> names = option("--names");
            TensorForm form = TensorForm.dense()
                    .filter(new NameFilter(
                            option("--include").map(List::of).orElse(List.of()),
                            option("--exclude").map(List::of).orElse(List.of())));
            if (names.isEmpty()) {
                return form;
            }
            return form.names(
                    names.get().equals("hf")
                            ? Names.hf()
                            : Names.read(file(names.get().replace("$CASE/", ""))));
        }
    }

    @BeforeAll
    static void unpack() throws IOException {
        try (InputStream resource =
                        Objects.requireNonNull(NamedCasesTest.class.getResourceAsStream("/names-cases.zip"));
                ZipInputStream zip = new ZipInputStream(resource)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path path = folder.resolve(entry.getName());
                Files.createDirectories(Objects.requireNonNull(path.getParent()));
                Files.write(path, zip.readAllBytes());
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> eachCase() throws IOException {
        List<Case> cases = Files.readAllLines(folder.resolve("manifest.tsv")).stream()
                .map(line -> line.split("\t"))
                .map(cells -> new Case(cells[0], cells[1], cells[2]))
                .toList();
        assertThat(cases).hasSizeGreaterThan(20);
        return cases.stream().map(one -> DynamicTest.dynamicTest(one.id(), () -> check(one)));
    }

    private static void check(Case one) throws IOException {
        String[] expected = one.expected().split(" \\|\\| ")[0].split("=", 2);
        if (expected[0].equals("refuse")) {
            assertThatThrownBy(() -> tensors(one))
                    .isInstanceOf(IOException.class)
                    .satisfies(failure -> {
                        String message = failure.getMessage().toLowerCase(Locale.ROOT);
                        for (String word : expected[1].split(" & ")) {
                            assertThat(Arrays.stream(word.split("\\|"))
                                            .map(part -> part.toLowerCase(Locale.ROOT))
                                            .filter(message::contains))
                                    .as(failure.getMessage())
                                    .isNotEmpty();
                        }
                    });
            return;
        }
        Map<String, String> got = tensors(one);
        for (String line : Files.readAllLines(one.file(expected[1]))) {
            String[] cells = line.split("\t");
            boolean isMlir = expected[0].equals("mlir");
            String its = isMlir ? cells[3] : cells[1] + " " + cells[2] + " " + cells[3];
            String found = got.remove(cells[0]);
            if (found != null || cells.length < 5) {
                assertThat(found).as(cells[0]).isEqualTo(its);
            }
        }
        assertThat(got).isEmpty();
    }

    /// The tensors that a command of the case writes, or the resources of the module.
    private static Map<String, String> tensors(Case one) throws IOException {
        try (Model model = Model.open(one.input(".gguf"))) {
            TensorSource source = TensorSource.of(model, one.form());
            return one.command().startsWith("bake ") ? resources(one, source) : digests(source);
        }
    }

    private static Map<String, String> digests(TensorSource source) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        try (Arena arena = Arena.ofConfined();
                TensorReader reader = source.reader()) {
            for (TensorSlot tensor : source.tensors()) {
                MemorySegment bytes = arena.allocate(tensor.byteSize());
                reader.read(tensor, 0, bytes);
                String shape = tensor.shape().toString().replace(" ", "");
                digests.put(
                        tensor.name(),
                        tensor.dtype() + " " + shape + " " + sha256(bytes.toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return digests;
    }

    private static Map<String, String> resources(Case one, TensorSource source) throws IOException {
        Path out = Files.createTempDirectory(folder, "out").resolve("out.mlir");
        try (Source module = Source.of(one.input(".mlir"))) {
            Bake bake = Bake.of(module, source, DeclaredTypes.none());
            new Exporter(ExportOptions.defaults()).write(out, bake.layout());
        }
        Map<String, String> resources = new TreeMap<>();
        Matcher matcher = RESOURCE.matcher(Files.readString(out, StandardCharsets.UTF_8));
        while (matcher.find()) {
            resources.put(matcher.group(1), sha256(HexFormat.of().parseHex(matcher.group(2))));
        }
        return resources;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
