package dev.ffmstore.cli.demo;

import dev.ffmstore.TensorPlan;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// A model of TinyLlama-1.1B's shape, in the mix of types that llama.cpp calls Q4_K_M, but with other weights and
/// words.
///
/// The blocks come from a fixed seed (see [DemoBlocks]), so that the file is the same, byte for byte, wherever it
/// is made.
public final class DemoModel {
    /// The number of layers of TinyLlama.
    public static final int LAYERS = 22;

    private static final int WIDTH = 2048;
    private static final int FEED_FORWARD = 5632;
    private static final int HEADS = 32;
    private static final int KEY_VALUE_HEADS = 4;
    private static final int HEAD_WIDTH = WIDTH / HEADS;
    private static final int KEY_VALUE_WIDTH = KEY_VALUE_HEADS * HEAD_WIDTH;
    private static final int CONTEXT = 2048;
    private static final int VOCABULARY = 32_000;

    /// The largest number of files.
    public static final int MOST_PARTS = 100;

    /// llama.cpp's number for the mix Q4_K_M.
    private static final int FILE_TYPE_Q4_K_M = 15;

    /// The size of a model, known without making it.
    ///
    /// @param blockBytes the size of all tensors in the file
    /// @param denseBytes the size of all tensors when they are decoded
    public record Size(long blockBytes, long denseBytes) {
        /// {@return how much memory a load of the model takes at its peak, in bytes}
        public long peakBytes(int threads) {
            return TensorPlan.peakBytes(denseBytes, threads);
        }

        public static Size of(int layers) {
            GgufWriter writer = new GgufWriter(3);
            addTensors(writer, layers, VOCABULARY);
            return new Size(
                    writer.tensors().stream().mapToLong(TensorInfo::byteSize).sum(),
                    writer.tensors().stream()
                            .mapToLong(TensorInfo::denseByteSize)
                            .sum());
        }
    }

    /// A file of the model: the whole, or a part of it.
    ///
    /// @param header the header, with its padding
    /// @param tensors the tensors, in the order of the file
    /// @param firstTensor the number of the first of them in the whole model
    /// @param fileSize the size of the file in bytes
    record Part(byte[] header, List<TensorInfo> tensors, int firstTensor, long fileSize) {}

    private final int layers;
    private final List<TensorInfo> tensors;
    private final List<Part> parts;

    /// @param layers the number of layers, 1 to [#LAYERS]
    public DemoModel(int layers) {
        this(layers, 1);
    }

    /// @param layers the number of layers, 1 to [#LAYERS]
    /// @param partCount the number of files that the tensors are distributed to, 1 to [#MOST_PARTS]; the first has
    /// the metadata
    public DemoModel(int layers, int partCount) {
        this.layers = layers;
        GgufWriter whole = new GgufWriter(3);
        addTensors(whole, layers, VOCABULARY);
        this.tensors = whole.tensors();
        this.parts = IntStream.range(0, partCount)
                .mapToObj(part -> part(part, partCount))
                .toList();
    }

    private Part part(int number, int count) {
        GgufWriter writer = new GgufWriter(3);
        if (number == 0) {
            putMetadata(writer);
        }
        if (count > 1) {
            writer.putInteger("split.no", MetadataType.UINT16, number)
                    .putInteger("split.count", MetadataType.UINT16, count)
                    .putInteger("split.tensors.count", MetadataType.INT32, tensors.size());
        }
        int first = tensors.size() * number / count;
        for (TensorInfo tensor : tensors.subList(first, tensors.size() * (number + 1) / count)) {
            writer.tensor(tensor.name(), tensor.ggmlType(), tensor.shape());
        }
        return new Part(writer.header(), writer.tensors(), first, writer.fileSize());
    }

    /// {@return the names of the files of a model with this many layers, in the order of the parts}
    public static List<String> fileNames(int layers, int partCount) {
        String stem = "tinyllama-1.1b-synthetic" + (layers == LAYERS ? "" : "-" + layers + "-layers") + ".Q4_K_M";
        return partCount == 1
                ? List.of(stem + ".gguf")
                : IntStream.rangeClosed(1, partCount)
                        .mapToObj(part -> String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", stem, part, partCount))
                        .toList();
    }

    public int layers() {
        return layers;
    }

    /// {@return the tensors of the whole model, in the order of its files}
    List<TensorInfo> tensors() {
        return tensors;
    }

    /// {@return the files of the model}
    List<Part> parts() {
        return parts;
    }

    /// {@return the size of all files together in bytes}
    public long fileSize() {
        return parts.stream().mapToLong(Part::fileSize).sum();
    }

    private void putMetadata(GgufWriter writer) {
        writer.putString("general.architecture", "llama")
                .putString("general.name", "TinyLlama-1.1B-shaped, synthetic weights")
                .putString("general.description", "random blocks from a fixed seed; not a trained model")
                .putInteger("general.file_type", MetadataType.UINT32, FILE_TYPE_Q4_K_M)
                .putInteger("general.quantization_version", MetadataType.UINT32, 2)
                .putInteger("llama.context_length", MetadataType.UINT32, CONTEXT)
                .putInteger("llama.embedding_length", MetadataType.UINT32, WIDTH)
                .putInteger("llama.block_count", MetadataType.UINT32, layers)
                .putInteger("llama.feed_forward_length", MetadataType.UINT32, FEED_FORWARD)
                .putInteger("llama.rope.dimension_count", MetadataType.UINT32, HEAD_WIDTH)
                .putInteger("llama.attention.head_count", MetadataType.UINT32, HEADS)
                .putInteger("llama.attention.head_count_kv", MetadataType.UINT32, KEY_VALUE_HEADS)
                .putReal("llama.attention.layer_norm_rms_epsilon", MetadataType.FLOAT32, 1e-5)
                .putReal("llama.rope.freq_base", MetadataType.FLOAT32, 10_000)
                .putInteger("llama.vocab_size", MetadataType.UINT32, VOCABULARY);
        DemoVocabulary.put(writer, VOCABULARY);
    }

    /// Adds the tensors of a model of this shape to a header.
    ///
    /// @param layers the number of layers; TinyLlama has 22, but any number will do
    /// @param vocabulary the number of words; TinyLlama has 32,000
    public static void addTensors(GgufWriter writer, int layers, int vocabulary) {
        add(writer, "output", GgmlType.Q6_K, vocabulary, WIDTH);
        add(writer, "output_norm", GgmlType.F32, WIDTH);
        add(writer, "token_embd", GgmlType.Q4_K, vocabulary, WIDTH);
        for (int i = 0; i < layers; i++) {
            String block = "blk." + i + ".";
            GgmlType sensitive = usesMoreBits(i, layers) ? GgmlType.Q6_K : GgmlType.Q4_K;
            add(writer, block + "attn_k", GgmlType.Q4_K, KEY_VALUE_WIDTH, WIDTH);
            add(writer, block + "attn_norm", GgmlType.F32, WIDTH);
            add(writer, block + "attn_output", GgmlType.Q4_K, WIDTH, WIDTH);
            add(writer, block + "attn_q", GgmlType.Q4_K, WIDTH, WIDTH);
            add(writer, block + "attn_v", sensitive, KEY_VALUE_WIDTH, WIDTH);
            add(writer, block + "ffn_down", sensitive, WIDTH, FEED_FORWARD);
            add(writer, block + "ffn_gate", GgmlType.Q4_K, FEED_FORWARD, WIDTH);
            add(writer, block + "ffn_norm", GgmlType.F32, WIDTH);
            add(writer, block + "ffn_up", GgmlType.Q4_K, FEED_FORWARD, WIDTH);
        }
    }

    private static void add(GgufWriter writer, String name, GgmlType type, long... dimensions) {
        writer.tensor(name + ".weight", type, Shape.of(dimensions));
    }

    /// Decides as llama.cpp's `use_more_bits`: for the first and the last eighth of the layers, and every third
    /// between.
    private static boolean usesMoreBits(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    /// The words of the model: the special and the byte tokens as Llama has them, the rest made up of syllables.
    private static final class DemoVocabulary {
        private static final int FIRST_BYTE = 3;
        private static final int FIRST_WORD = FIRST_BYTE + 256;
        private static final String CONSONANTS = "bcdfghjklmnprstvwxyz";
        private static final String VOWELS = "aeiou";

        /// The types of tokens that are not ordinary words.
        private static final int UNKNOWN = 2;

        private static final int CONTROL = 3;
        private static final int BYTE = 6;
        private static final int NORMAL = 1;

        static void put(GgufWriter writer, int size) {
            List<String> tokens = new ArrayList<>(size);
            IntStream.range(0, size).forEach(i -> tokens.add(token(i)));
            writer.putString("tokenizer.ggml.model", "llama")
                    .putStrings("tokenizer.ggml.tokens", tokens)
                    .putReals(
                            "tokenizer.ggml.scores",
                            MetadataType.FLOAT32,
                            IntStream.range(0, size)
                                    .mapToDouble(i -> i < FIRST_WORD ? 0 : FIRST_WORD - i)
                                    .toArray())
                    .putIntegers(
                            "tokenizer.ggml.token_type",
                            MetadataType.INT32,
                            IntStream.range(0, size)
                                    .mapToLong(DemoVocabulary::type)
                                    .toArray())
                    .putInteger("tokenizer.ggml.bos_token_id", MetadataType.UINT32, 1)
                    .putInteger("tokenizer.ggml.eos_token_id", MetadataType.UINT32, 2)
                    .putInteger("tokenizer.ggml.unknown_token_id", MetadataType.UINT32, 0);
        }

        private static int type(int token) {
            return switch (token) {
                case 0 -> UNKNOWN;
                case 1, 2 -> CONTROL;
                default -> token < FIRST_WORD ? BYTE : NORMAL;
            };
        }

        private static String token(int index) {
            return switch (index) {
                case 0 -> "<unk>";
                case 1 -> "<s>";
                case 2 -> "</s>";
                default -> index < FIRST_WORD ? "<0x%02X>".formatted(index - FIRST_BYTE) : word(index - FIRST_WORD);
            };
        }

        /// Spells a number in syllables, each a digit to the base of a hundred, after SentencePiece's mark for a
        /// blank.
        private static String word(int number) {
            StringBuilder word = new StringBuilder();
            int rest = number;
            do {
                int syllable = rest % (CONSONANTS.length() * VOWELS.length());
                word.append(CONSONANTS.charAt(syllable / VOWELS.length()))
                        .append(VOWELS.charAt(syllable % VOWELS.length()));
                rest /= CONSONANTS.length() * VOWELS.length();
            } while (rest > 0);
            return "\u2581" + word;
        }
    }
}
