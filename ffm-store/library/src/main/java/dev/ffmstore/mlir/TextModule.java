package dev.ffmstore.mlir;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.mlir.MlirLexer.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// The resources of a module that is MLIR text.
///
/// ```text
/// … dense_resource<name> : tensor<4xf32> …        uses; the name bare or in quotes
/// {-#                                             file metadata, between any two operations, usually at the end
///   dialect_resources: {
///     builtin: {
///       name: "0x10000000 0000803F…",             alignment as u32, data, all in hex; no blanks
///       "other name": "0x…"
///     }
///   },
///   external_resources: { … }                     ignored
/// #-}
/// ```
///
/// New resources go to the start of the innermost of these dictionaries that the module has.
final class TextModule extends ModuleResources {
    private static final int ALIGNMENT_DIGITS = 8;
    private static final String DIALECT_RESOURCES = "dialect_resources";
    private static final String BUILTIN = "builtin";

    /// Where new resources go: the innermost dictionary found so far, and what is written around them there.
    private enum Place {
        FILE("\n{-#\n  dialect_resources: {\n    builtin: {\n", "\n    }\n  }\n#-}\n"),
        METADATA("\n  dialect_resources: {\n    builtin: {\n", "\n    }\n  }"),
        DIALECTS("\n    builtin: {\n", "\n    }"),
        RESOURCES("\n", "");

        private final String opening;
        private final String closing;

        Place(String opening, String closing) {
            this.opening = opening;
            this.closing = closing;
        }
    }

    private final MlirLexer lexer;
    private Place place = Place.FILE;
    private long insertAt;
    private boolean insertBeforeOthers;

    private TextModule(Source source) {
        super(source);
        this.lexer = new MlirLexer(source);
        this.insertAt = source.size();
    }

    static TextModule read(Source source) throws IOException {
        TextModule module = new TextModule(source);
        module.read();
        return module;
    }

    private void read() throws IOException {
        lexer.advance();
        while (!lexer.is(Kind.END)) {
            if (lexer.is(Kind.METADATA_BEGIN)) {
                metadata();
            } else if (lexer.isWord("dense_resource")) {
                use();
            } else {
                lexer.advance();
            }
        }
    }

    private void use() throws IOException {
        long offset = lexer.start();
        lexer.advance();
        if (!lexer.isSymbol('<')) {
            return; // an attribute of this name
        }
        lexer.advance();
        String key = lexer.name("name of a resource");
        lexer.advance();
        if (!lexer.isSymbol('>')) {
            throw lexer.unexpected(">");
        }
        lexer.advance();
        Optional<TensorType> type = Optional.empty();
        if (lexer.isSymbol(':')) {
            lexer.advance();
            if (lexer.isWord("tensor")) {
                type = Optional.of(lexer.tensorType());
            }
        }
        addUse(key, type, offset);
    }

    /// Reads `{-# … #-}`, dictionaries in dictionaries of any depth, without recursion.
    private void metadata() throws IOException {
        String[] path = {"", ""};
        int depth = 0;
        afterOpening(Place.METADATA);
        while (true) {
            if (lexer.is(Kind.METADATA_END) && depth == 0) {
                lexer.advance();
                return;
            }
            if (lexer.isSymbol('}') && depth > 0) {
                depth--;
                lexer.advance();
            } else if (lexer.isSymbol(',')) {
                lexer.advance();
            } else {
                String key = lexer.name("key of the file's metadata");
                long offset = lexer.start();
                lexer.advance();
                if (!lexer.isSymbol(':')) {
                    throw lexer.unexpected(":");
                }
                lexer.advance();
                boolean ofBuiltin = depth == 2 && path[0].equals(DIALECT_RESOURCES) && path[1].equals(BUILTIN);
                if (lexer.isSymbol('{')) {
                    if (depth < path.length) {
                        path[depth] = key;
                    }
                    depth++;
                    afterOpening(placeOf(path, depth));
                } else {
                    if (ofBuiltin) {
                        data(key, offset);
                    } else if (!lexer.is(Kind.STRING) && !lexer.is(Kind.WORD) && !lexer.is(Kind.OTHER)) {
                        throw lexer.unexpected("a value");
                    }
                    lexer.advance();
                }
            }
        }
    }

    private static Optional<Place> placeOf(String[] path, int depth) {
        if (depth > 2 || !path[0].equals(DIALECT_RESOURCES)) {
            return Optional.empty();
        }
        return depth == 1
                ? Optional.of(Place.DIALECTS)
                : path[1].equals(BUILTIN) ? Optional.of(Place.RESOURCES) : Optional.empty();
    }

    private void afterOpening(Place found) throws IOException {
        afterOpening(Optional.of(found));
    }

    /// Moves on from the bracket that opens a dictionary, and remembers the place after it if it is the innermost
    /// place so far.
    private void afterOpening(Optional<Place> found) throws IOException {
        long inside = lexer.end();
        lexer.advance();
        if (found.isPresent() && found.get().compareTo(place) > 0) {
            place = found.get();
            insertAt = inside;
            insertBeforeOthers = !lexer.isSymbol('}') && !lexer.is(Kind.METADATA_END);
        }
    }

    private void data(String key, long offset) throws IOException {
        if (!lexer.is(Kind.STRING)) {
            throw lexer.unexpected("data in hex");
        }
        long digits = lexer.length() - 2;
        if (!lexer.startsWith("0x") || digits < ALIGNMENT_DIGITS || digits % 2 != 0) {
            throw lexer.fail(
                    lexer.start(),
                    "0x, 8 digits, and an even number of more",
                    lexer.length() + " characters",
                    "resource is not hex data with an alignment");
        }
        if (!addData(key, OptionalLong.of((digits - ALIGNMENT_DIGITS) / 2), offset)) {
            throw lexer.fail(offset, null, ModuleException.quoted(key), "resource is there twice");
        }
    }

    @Override
    FileLayout with(TensorSource tensors, Map<String, TensorSlot> data) {
        FileLayout.Builder layout = FileLayout.builder(tensors);
        layout.add(new FileLayout.Copy(source, 0, insertAt));
        layout.add(literal(place.opening));
        hexEntries(layout, data);
        layout.add(literal(place.closing + (insertBeforeOthers ? "," : "")));
        return layout.add(new FileLayout.Copy(source, insertAt, source.size() - insertAt))
                .build();
    }

    /// Adds a module's file metadata to a layout: a resource for each tensor, in hex.
    ///
    /// @param data the tensors by the names of their resources; if there are none, nothing is added
    static void addMetadata(FileLayout.Builder layout, Map<String, TensorSlot> data) {
        if (!data.isEmpty()) {
            layout.add(literal(Place.FILE.opening));
            hexEntries(layout, data);
            layout.add(literal(Place.FILE.closing));
        }
    }

    private static void hexEntries(FileLayout.Builder layout, Map<String, TensorSlot> data) {
        String before = "";
        for (Map.Entry<String, TensorSlot> entry : data.entrySet()) {
            layout.add(literal(before + "      " + MlirString.quote(entry.getKey()) + ": \"0x10000000"));
            layout.add(new FileLayout.Hex(entry.getValue()));
            before = "\",\n";
        }
        layout.add(literal("\""));
    }

    private static FileLayout.Literal literal(String text) {
        return new FileLayout.Literal(text.getBytes(StandardCharsets.UTF_8));
    }
}
