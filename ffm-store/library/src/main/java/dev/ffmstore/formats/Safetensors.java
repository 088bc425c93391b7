package dev.ffmstore.formats;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.internal.text.Printable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Safetensors: one file, or a folder of several with an index.
///
/// ```text
///  0  u64 length n of the header, little-endian
///  8  n bytes of JSON, padded with blanks so that the data starts at a multiple of 64
///       {"__metadata__": {KEY: STRING, …},
///        NAME: {"dtype": "F32", "shape": [2, 3], "data_offsets": [FROM, TO]}, …}
///  …  data: the tensors, one behind the other, without gaps; offsets count from its start
/// ```
///
/// Tensors of larger elements come first, and are in the order of the source otherwise: every tensor starts at a
/// multiple of its element's size. Tied tensors are written each, since no two may share bytes. The metadata:
///
/// | key | value |
/// |---|---|
/// | `format` | `pt`, which Hugging Face's readers want to see |
/// | `source` | the name of the model's file, without its folder |
/// | `names` | the convention of the names ([ConstantSource#convention]); a table's without its folder |
/// | `stored_type:NAME` | the type of a tensor in the model, such as `Q4_K` |
public final class Safetensors {
    private static final int LENGTH_BYTES = 8;
    private static final int DATA_ALIGNMENT = 64;

    /// What readers accept.
    private static final int MOST_HEADER_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";
    private static final String INDEX = "model.safetensors.index.json";

    private Safetensors() {}

    /// {@return the layout of a file of all constants of a source}
    ///
    /// @throws IllegalArgumentException if a constant is called `__metadata__`, or the header would be larger than
    /// readers accept, 100 MB
    public static FileLayout layout(ConstantSource source) {
        return layout(source, source.constants());
    }

    /// Distributes the constants of a source, in its order, over files `model-00001-of-0000N.safetensors`, which an
    /// index beside them lists, the last of the list: `model.safetensors.index.json`.
    ///
    /// @param source the source
    /// @param shardBytes how many bytes of tensors a file holds at most, 1 or more; a larger tensor has a file of
    /// its
    /// own
    /// @return the files of the folder
    /// @throws IllegalArgumentException as [#layout] does, or if `shardBytes` is not positive
    public static List<NamedLayout> shards(ConstantSource source, long shardBytes) {
        if (shardBytes < 1) {
            throw new IllegalArgumentException("size of a shard: expected 1 or more, got " + shardBytes);
        }
        List<List<Constant>> shards = distribute(source.constants(), shardBytes);
        List<NamedLayout> files = new ArrayList<>();
        StringBuilder map = new StringBuilder();
        long totalSize = 0;
        for (List<Constant> shard : shards) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", files.size() + 1, shards.size());
            files.add(new NamedLayout(name, layout(source, shard)));
            for (Constant constant : shard) {
                map.append(map.isEmpty() ? "\n    " : ",\n    ");
                map.append(JsonText.quote(constant.name())).append(": ").append(JsonText.quote(name));
                totalSize = Math.addExact(totalSize, constant.byteSize());
            }
        }
        String index =
                "{\n  \"metadata\": {\"total_size\": " + totalSize + "},\n  \"weight_map\": {" + map + "\n  }\n}\n";
        files.add(new NamedLayout(
                INDEX,
                FileLayout.builder()
                        .add(new FileLayout.Literal(index.getBytes(StandardCharsets.UTF_8)))
                        .build()));
        return List.copyOf(files);
    }

    /// Makes sure that IREE finds every constant: its reader takes names in the header as they stand there, without
    /// undoing JSON's escapes.
    ///
    /// @throws IllegalArgumentException if a name holds `"`, `\` or a control character
    public static void requireNamesIreeReads(ConstantSource source) {
        for (Constant constant : source.constants()) {
            if (!JsonText.quote(constant.name()).equals('"' + constant.name() + '"')) {
                throw new IllegalArgumentException("tensor " + Printable.escape(constant.name())
                        + ": IREE does not find it in a safetensors file: it does not undo the escapes of JSON, and the"
                        + " name holds a quote, a backslash or a control character; .irpa takes any name");
            }
        }
    }

    private static List<List<Constant>> distribute(List<Constant> constants, long shardBytes) {
        List<List<Constant>> shards = new ArrayList<>();
        List<Constant> shard = new ArrayList<>();
        long size = 0;
        for (Constant constant : constants) {
            if (!shard.isEmpty() && constant.byteSize() > Math.max(0, shardBytes - size)) {
                shards.add(shard);
                shard = new ArrayList<>();
                size = 0;
            }
            shard.add(constant);
            size += constant.byteSize();
        }
        shards.add(shard);
        return shards;
    }

    private static FileLayout layout(ConstantSource source, List<Constant> constants) {
        List<Constant> ordered = constants.stream()
                .sorted(Comparator.comparing(constant -> constant.dtype().byteSize(), Comparator.reverseOrder()))
                .toList();
        FileLayout.Builder file = FileLayout.builder().add(new FileLayout.Literal(header(source, ordered)));
        ordered.forEach(constant -> file.add(new FileLayout.Raw(constant)));
        return file.build();
    }

    private static byte[] header(ConstantSource source, List<Constant> constants) {
        StringBuilder json = new StringBuilder("{\"" + METADATA + "\":{\"format\":\"pt\"");
        json.append(",\"source\":").append(JsonText.quote(fileName(source.name())));
        json.append(",\"names\":").append(JsonText.quote(fileName(source.convention())));
        for (Constant constant : constants) {
            json.append(',').append(JsonText.quote("stored_type:" + constant.name()));
            json.append(':').append(JsonText.quote(constant.storedType()));
        }
        json.append('}');
        long from = 0;
        for (Constant constant : constants) {
            if (constant.name().equals(METADATA)) {
                throw new IllegalArgumentException("tensor " + METADATA + ": safetensors has another use for the name");
            }
            long to = Math.addExact(from, constant.byteSize());
            json.append(',').append(JsonText.quote(constant.name()));
            json.append(":{\"dtype\":\"").append(constant.dtype());
            json.append("\",\"shape\":").append(constant.shape().toString().replace(" ", ""));
            json.append(",\"data_offsets\":[")
                    .append(from)
                    .append(',')
                    .append(to)
                    .append("]}");
            from = to;
        }
        return padded(json.append('}').toString().getBytes(StandardCharsets.UTF_8));
    }

    /// {@return the header with its length before it, and blanks behind it}
    private static byte[] padded(byte[] json) {
        int size = -(-(LENGTH_BYTES + json.length) & -DATA_ALIGNMENT);
        if (size - LENGTH_BYTES > MOST_HEADER_BYTES) {
            throw new IllegalArgumentException("too many tensors for one safetensors file: its header would have "
                    + json.length + " bytes, and readers accept " + MOST_HEADER_BYTES);
        }
        ByteBuffer header = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(size - LENGTH_BYTES).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    /// {@return the last name of a path: the same file has the same name on every machine}
    private static String fileName(String source) {
        Path name = Path.of(source).getFileName();
        return name == null ? source : name.toString();
    }
}
