package dev.ffmstore.formats;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.internal.text.Printable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Writes safetensors: one file, or a folder of several with an index.
///
/// ```text
///  0  u64 length n of the header, little-endian
///  8  n bytes of JSON, padded with blanks so that the data starts at a multiple of 64
///       {"__metadata__": {KEY: STRING, …},
///        NAME: {"dtype": "F32", "shape": [2, 3], "data_offsets": [FROM, TO]}, …}
///  …  data: the tensors, one after the other, without gaps; offsets count from its start
/// ```
///
/// Tensors with larger elements come first, otherwise in the order of the source: so every tensor starts at a
/// multiple of its element size. Tied tensors are each written in full, since no two may share bytes. The metadata:
///
/// | key | value |
/// |---|---|
/// | `format` | `pt`, which Hugging Face's readers want to see |
/// | `source` | the name of the model's file, without its folder |
/// | `names` | the convention of the names ([TensorSource#convention]) |
/// | `stored_type:NAME` | the type of a tensor in the model, such as `Q4_K` |
public final class Safetensors {
    private static final int LENGTH_BYTES = 8;
    private static final int DATA_ALIGNMENT = 64;

    /// The largest header that readers accept.
    private static final int MOST_HEADER_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";
    private static final String INDEX = "model.safetensors.index.json";

    private Safetensors() {}

    /// {@return the layout of a file of all tensors of a source}
    ///
    /// @throws IllegalArgumentException if a tensor is called `__metadata__`, or the header would be larger than
    /// readers accept, 100 MB
    public static FileLayout layout(TensorSource source) {
        return layout(source, source.tensors());
    }

    /// Distributes the tensors of a source, in its order, over files `model-00001-of-0000N.safetensors`. The last
    /// file of the list, `model.safetensors.index.json`, is an index of the others.
    ///
    /// @param source the source of the tensors
    /// @param shardBytes how many bytes of tensors a file holds at most, 1 or more; a larger tensor gets a file of
    /// its own
    /// @return the files of the folder
    /// @throws IllegalArgumentException as [#layout] does, or if `shardBytes` is not positive
    public static List<NamedLayout> shards(TensorSource source, long shardBytes) {
        if (shardBytes < 1) {
            throw new IllegalArgumentException("size of a shard: expected 1 or more, got " + shardBytes);
        }
        List<List<TensorSlot>> shards = distribute(source.tensors(), shardBytes);
        List<NamedLayout> files = new ArrayList<>();
        StringBuilder map = new StringBuilder();
        long totalSize = 0;
        for (List<TensorSlot> shard : shards) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", files.size() + 1, shards.size());
            files.add(new NamedLayout(name, layout(source, shard)));
            for (TensorSlot tensor : shard) {
                map.append(map.isEmpty() ? "\n    " : ",\n    ");
                map.append(JsonText.quote(tensor.name())).append(": ").append(JsonText.quote(name));
                totalSize = Math.addExact(totalSize, tensor.byteSize());
            }
        }
        String index =
                "{\n  \"metadata\": {\"total_size\": " + totalSize + "},\n  \"weight_map\": {" + map + "\n  }\n}\n";
        files.add(new NamedLayout(INDEX, FileLayout.of(index.getBytes(StandardCharsets.UTF_8))));
        return List.copyOf(files);
    }

    /// Makes sure that IREE finds every tensor: its reader takes names in the header as they are written there,
    /// without undoing JSON's escapes.
    ///
    /// @throws IllegalArgumentException if a name holds `"`, `\` or a control character
    public static void requireNamesIreeReads(TensorSource source) {
        for (TensorSlot tensor : source.tensors()) {
            if (!JsonText.quote(tensor.name()).equals('"' + tensor.name() + '"')) {
                throw new IllegalArgumentException("tensor " + Printable.escape(tensor.name())
                        + ": IREE does not find it in a safetensors file: it does not undo the escapes of JSON, and the"
                        + " name holds a quote, a backslash or a control character; .irpa takes any name");
            }
        }
    }

    private static List<List<TensorSlot>> distribute(List<TensorSlot> tensors, long shardBytes) {
        List<List<TensorSlot>> shards = new ArrayList<>();
        List<TensorSlot> shard = new ArrayList<>();
        long size = 0;
        for (TensorSlot tensor : tensors) {
            if (!shard.isEmpty() && tensor.byteSize() > Math.max(0, shardBytes - size)) {
                shards.add(shard);
                shard = new ArrayList<>();
                size = 0;
            }
            shard.add(tensor);
            size += tensor.byteSize();
        }
        shards.add(shard);
        return shards;
    }

    private static FileLayout layout(TensorSource source, List<TensorSlot> tensors) {
        List<TensorSlot> ordered = tensors.stream()
                .sorted(Comparator.comparing(Safetensors::elementBytes, Comparator.reverseOrder()))
                .toList();
        FileLayout.Builder file = FileLayout.builder(source).add(new FileLayout.Literal(header(source, ordered)));
        ordered.forEach(tensor -> file.add(new FileLayout.Raw(tensor)));
        return file.build();
    }

    /// {@return the size of an element in bytes, 0 if it is smaller than a byte}
    private static int elementBytes(TensorSlot tensor) {
        return tensor.dtype().blockLength() > 1 ? 0 : tensor.dtype().byteSize();
    }

    private static byte[] header(TensorSource source, List<TensorSlot> tensors) {
        StringBuilder json = new StringBuilder("{\"" + METADATA + "\":{\"format\":\"pt\"");
        json.append(",\"source\":").append(JsonText.quote(source.fileName()));
        json.append(",\"names\":").append(JsonText.quote(source.convention()));
        for (TensorSlot tensor : tensors) {
            json.append(',').append(JsonText.quote("stored_type:" + tensor.name()));
            json.append(':').append(JsonText.quote(tensor.origin()));
        }
        json.append('}');
        long from = 0;
        for (TensorSlot tensor : tensors) {
            if (tensor.name().equals(METADATA)) {
                throw new IllegalArgumentException("tensor " + METADATA + ": safetensors has another use for the name");
            }
            long to = Math.addExact(from, tensor.byteSize());
            json.append(',').append(JsonText.quote(tensor.name()));
            json.append(":{\"dtype\":\"").append(tensor.dtype());
            json.append("\",\"shape\":").append(tensor.shape().toString().replace(" ", ""));
            json.append(",\"data_offsets\":[")
                    .append(from)
                    .append(',')
                    .append(to)
                    .append("]}");
            from = to;
        }
        return padded(json.append('}').toString().getBytes(StandardCharsets.UTF_8));
    }

    /// {@return the header with its length before it, and blanks after it}
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
}
