package dev.ffmstore.formats;

import dev.ffmstore.export.Constant;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// Reads safetensors shards by their index.
///
/// ```text
/// model.safetensors.index.json: { "metadata": { "total_size": N },
///                                 "weight_map": { NAME: "model-00001-of-00003.safetensors", … } }
/// ```
///
/// The shards stand beside the index. Index and shards must name the same tensors.
final class SafetensorsIndex {
    static final String SUFFIX = ".safetensors.index.json";

    private SafetensorsIndex() {}

    /// {@return whether a folder holds an index}
    static boolean isIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(SUFFIX));
        }
    }

    /// {@return the index of a folder}
    ///
    /// @throws WeightsException if there are several
    static Path in(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
            if (found.size() != 1) {
                throw WeightsException.of(folder.toString(), "its index", "one file *" + SUFFIX, found.size());
            }
            return found.getFirst();
        }
    }

    /// {@return the constants of all shards, shard after shard}
    ///
    /// @throws WeightsException if index or shards are malformed or do not fit together
    static StoredConstants read(Path index) throws IOException {
        Map<String, String> shardByTensor = weightMap(index);
        List<Constant> constants = new ArrayList<>();
        Map<String, Place> places = new HashMap<>();
        Set<String> conventions = new LinkedHashSet<>();
        for (String shard : new LinkedHashSet<>(shardByTensor.values())) {
            StoredConstants its = SafetensorsReader.read(index.resolveSibling(shard));
            conventions.add(its.convention());
            for (Constant constant : its.constants()) {
                if (!shard.equals(shardByTensor.get(constant.name()))) {
                    throw WeightsException.of(
                            its.name(),
                            "holds tensor " + WeightsException.shown(constant.name())
                                    + ", which the index does not say of it");
                }
                constants.add(constant);
                places.put(constant.name(), its.place(constant));
            }
        }
        for (Map.Entry<String, String> entry : shardByTensor.entrySet()) {
            if (!places.containsKey(entry.getKey())) {
                throw WeightsException.of(
                        index.toString(),
                        "tensor " + WeightsException.shown(entry.getKey()) + " is not in its shard "
                                + WeightsException.shown(entry.getValue()));
            }
        }
        String convention =
                conventions.size() == 1 ? conventions.iterator().next() : StoredConstants.UNKNOWN_CONVENTION;
        return new StoredConstants(index.toString(), convention, constants, places);
    }

    private static Map<String, String> weightMap(Path index) throws IOException {
        Map<String, String> shardByTensor = new LinkedHashMap<>();
        boolean[] found = {false};
        try (Source source = Source.of(index)) {
            if (source.size() > SafetensorsReader.MOST_HEADER_BYTES) {
                throw WeightsException.of(
                        source.name(), "too large", SafetensorsReader.MOST_HEADER_BYTES + " bytes at most", source.size());
            }
            StrictJson.read(
                    source,
                    "index",
                    0,
                    source.size(),
                    json -> json.object((name, value) -> {
                        if (name.equals("weight_map")) {
                            found[0] = true;
                            value.object((tensor, shard) ->
                                    shardByTensor.put(tensor, FileName.require(index.toString(), shard.string())));
                        } else {
                            value.skip();
                        }
                    }));
        }
        if (!found[0]) {
            throw WeightsException.of(index.toString(), "the index has no weight_map");
        }
        return shardByTensor;
    }
}
