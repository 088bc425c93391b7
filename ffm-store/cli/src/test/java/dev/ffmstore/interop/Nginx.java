package dev.ffmstore.interop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// nginx on the loopback interface, without TLS and, with HTTP/2, with it; all that it writes is in a folder of its
/// own.
final class Nginx implements AutoCloseable {
    private static final List<Path> PROGRAMS = List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/bin/nginx"));
    private static final String PASSWORD = "password";

    /// A response, as the access log has it.
    ///
    /// @param protocol such as `HTTP/1.1`
    /// @param status the status
    /// @param bytes the size of the body
    record Response(String protocol, int status, long bytes) {}

    private final Path folder;
    private final int port;
    private final int securePort;
    private final Process process;

    private Nginx(Path folder, int port, int securePort, Process process) {
        this.folder = folder;
        this.port = port;
        this.securePort = securePort;
        this.process = process;
    }

    /// Starts a server.
    ///
    /// @param folder an empty folder for its configuration, logs and keys
    /// @param root the folder of the files that it serves
    static Nginx start(Path folder, Path root) throws IOException, InterruptedException, GeneralSecurityException {
        Path program = PROGRAMS.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IOException("nginx is missing: install nginx-light"));
        writeKeys(folder);
        int port = freePort();
        int securePort = freePort();
        Files.writeString(folder.resolve("nginx.conf"), """
                daemon off;
                worker_processes 1;
                user %2$s;
                pid %1$s/nginx.pid;
                error_log %1$s/error.log;
                events { worker_connections 64; }
                http {
                    log_format responses '$server_protocol $status $body_bytes_sent';
                    access_log %1$s/access.log responses;
                    sendfile on;
                    default_type application/octet-stream;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    root %3$s;
                    server { listen 127.0.0.1:%4$d; }
                    server {
                        listen 127.0.0.1:%5$d ssl http2;
                        ssl_certificate %1$s/key.pem;
                        ssl_certificate_key %1$s/key.pem;
                    }
                }
                """.formatted(
                        folder, System.getProperty("user.name"), root, port, securePort));
        Process process = new ProcessBuilder(
                        program.toString(), "-p", folder.toString(), "-c", "nginx.conf", "-e", folder + "/error.log")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output.log").toFile())
                .start();
        Nginx nginx = new Nginx(folder, port, securePort, process);
        nginx.awaitStart();
        return nginx;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// Makes a key and a certificate for the loopback interface, for the server and as what a client trusts.
    private static void writeKeys(Path folder) throws IOException, GeneralSecurityException {
        Path file = folder.resolve("key.p12");
        Command.run(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "key",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        file.toString()))
                .outputOrFail();
        KeyStore keys = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
        Key key = keys.getKey("key", PASSWORD.toCharArray());
        Files.writeString(
                folder.resolve("key.pem"),
                pem("PRIVATE KEY", key.getEncoded())
                        + pem("CERTIFICATE", keys.getCertificate("key").getEncoded()));
    }

    private static String pem(String kind, byte[] encoded) {
        String lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(encoded);
        return "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n";
    }

    private void awaitStart() throws IOException, InterruptedException {
        for (int i = 0; i < 600; i++) {
            if (!process.isAlive()) {
                break;
            }
            try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), securePort)) {
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
        close();
        throw new IOException("nginx does not start:\n" + Files.readString(folder.resolve("output.log")));
    }

    /// {@return the URL of a file, over plain HTTP}
    String url(String file) {
        return "http://127.0.0.1:" + port + "/" + file;
    }

    /// {@return the URL of a file, over TLS}
    String secureUrl(String file) {
        return "https://127.0.0.1:" + securePort + "/" + file;
    }

    /// {@return options of a JVM that trusts the server}
    List<String> trust() {
        return List.of(
                "-Djavax.net.ssl.trustStore=" + folder.resolve("key.p12"),
                "-Djavax.net.ssl.trustStorePassword=" + PASSWORD);
    }

    /// Stops the server, so that all responses are in its log.
    ///
    /// @return the responses
    List<Response> stop() throws IOException, InterruptedException {
        close();
        return Files.readAllLines(folder.resolve("access.log")).stream()
                .map(line -> line.split(" "))
                .map(words -> new Response(words[0], Integer.parseInt(words[1]), Long.parseLong(words[2])))
                .toList();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
