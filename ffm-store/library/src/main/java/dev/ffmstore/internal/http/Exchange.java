package dev.ffmstore.internal.http;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/// One request and its response, waited for by the calling thread. Any thread may use it.
///
/// @param client sends the requests
/// @param settings how long is waited
/// @param stopping when waiting ends otherwise
record Exchange(HttpClient client, HttpSettings settings, Stopping stopping) {
    /// {@return what the server answered}
    ///
    /// @param request the request
    /// @param body takes the response; when this throws, it has let go of its memory
    /// @param deadline when it has to be over, on the clock of `System.nanoTime`
    /// @throws TransientException if another attempt may succeed
    /// @throws java.io.InterruptedIOException as [Stopping#check] does
    /// @throws IOException if the server cannot be talked to
    Reply send(HttpRequest request, RangeBody body, long deadline) throws IOException {
        stopping.check();
        CompletableFuture<HttpResponse<Reply>> future = null;
        boolean done = false;
        try {
            future = client.sendAsync(request, body);
            Reply reply = await(future, body, deadline);
            done = true;
            return reply;
        } finally {
            if (!done) {
                body.detach();
                if (future != null) {
                    future.cancel(true);
                }
            }
        }
    }

    private Reply await(CompletableFuture<HttpResponse<Reply>> future, RangeBody body, long deadline)
            throws IOException {
        long period = settings.readTimeout().toNanos();
        long tick = Math.min(TimeUnit.MILLISECONDS.toNanos(Stopping.TICK_MILLIS), period / 4 + 1);
        long periodEnd = System.nanoTime() + period + settings.connectTimeout().toNanos();
        long before = 0;
        while (true) {
            try {
                return future.get(tick, TimeUnit.NANOSECONDS).body();
            } catch (TimeoutException _) {
                stopping.check();
            } catch (InterruptedException e) {
                throw stopping.interrupted(e);
            } catch (ExecutionException e) {
                throw failure(e.getCause());
            }
            long now = System.nanoTime();
            if (now - deadline > 0) {
                throw TransientException.of("the server takes too long", null);
            }
            if (now - periodEnd > 0) {
                long more = body.received() - before;
                if (more < settings.leastBytes()) {
                    throw TransientException.of(
                            Problem.fill(
                                    "the server sent {} bytes in {} s",
                                    more,
                                    settings.readTimeout().toMillis() / 1e3),
                            null);
                }
                before = body.received();
                periodEnd = now + period;
            }
        }
    }

    /// {@return the exception for a connection that could not be made, or broke}
    private IOException failure(@Nullable Throwable wrapped) {
        Throwable cause = wrapped;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case HttpConnectTimeoutException e ->
                TransientException.unreachable(
                        Problem.fill(
                                "no connection within {} s",
                                settings.connectTimeout().toMillis() / 1e3),
                        e);
            case ConnectException e when isUnknownHost(e) -> TransientException.unreachable("the host is not known", e);
            case ConnectException e -> TransientException.unreachable("no connection to the server", e);
            case UnknownHostException e -> TransientException.unreachable("the host is not known", e);
            case SSLHandshakeException e -> permanent("no secure connection: {}", e);
            case SSLPeerUnverifiedException e -> permanent("no secure connection: {}", e);
            case IOException e -> TransientException.of(Problem.fill("the connection broke: {}", message(e)), e);
            case Error e -> throw e;
            case null -> TransientException.of("the connection broke", null);
            default -> permanent("the request failed: {}", cause);
        };
    }

    private static boolean isUnknownHost(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof UnresolvedAddressException || e instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    private IOException permanent(String sentence, Throwable cause) {
        return new IOException(
                Problem.of(stopping.file(), sentence, message(cause)).toString(), cause);
    }

    private static String message(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
