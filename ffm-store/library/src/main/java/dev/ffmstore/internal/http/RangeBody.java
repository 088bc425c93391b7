package dev.ffmstore.internal.http;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Takes a response: bytes of the range that was asked for go straight into memory, as they come; of anything else
/// hardly more than the headers is read.
///
/// Any thread may deliver the bytes. After [#detach] nothing is written to the memory any more.
final class RangeBody implements HttpResponse.BodyHandler<Reply> {
    /// Says whether the headers of a partial response are right.
    @FunctionalInterface
    interface Check {
        /// {@return the range that the response has}
        ///
        /// @throws IOException if it is not what was asked for
        ContentRange range(HttpHeaders headers) throws IOException;
    }

    private static final int PARTIAL_CONTENT = 206;

    /// How much of a body that nobody wants is read, so that its connection can be used again.
    private static final int MOST_UNWANTED_BYTES = 64 << 10;

    private final Check check;
    private final AtomicLong received = new AtomicLong();
    private @Nullable MemorySegment target;

    /// @param check is asked before anything of a body is taken
    /// @param target where the bytes go
    RangeBody(Check check, MemorySegment target) {
        this.check = check;
        this.target = target;
    }

    /// {@return how many bytes of the range have come so far}
    long received() {
        return received.get();
    }

    /// Lets go of the memory: when this returns, nothing is written to it any more.
    synchronized void detach() {
        target = null;
    }

    @Override
    public HttpResponse.BodySubscriber<Reply> apply(HttpResponse.ResponseInfo response) {
        if (response.statusCode() != PARTIAL_CONTENT) {
            return new Unwanted(new Reply.Other(response.statusCode(), response.headers()));
        }
        try {
            ContentRange range = check.range(response.headers());
            return new Wanted(range, Validator.of(response.headers()));
        } catch (IOException e) {
            return new Unwanted(new Reply.Refused(e));
        }
    }

    /// Copies bytes to the memory, if it is still there.
    private synchronized void take(ByteBuffer bytes) {
        if (target != null) {
            long at = received.get();
            int count = bytes.remaining();
            MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, target, at, count);
            received.set(at + count);
        }
    }

    /// A body whose bytes are taken.
    private final class Wanted implements HttpResponse.BodySubscriber<Reply> {
        private final ContentRange range;
        private final Validator validator;
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;

        Wanted(ContentRange range, Validator validator) {
            this.range = range;
            this.validator = validator;
        }

        @Override
        public CompletionStage<Reply> getBody() {
            return reply;
        }

        @Override
        public void onSubscribe(Flow.Subscription its) {
            subscription = its;
            its.request(Long.MAX_VALUE); // the bytes are copied at once, so none pile up
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer bytes : buffers) {
                if (bytes.remaining() > range.length() - received()) {
                    reply.complete(new Reply.Refused(new IOException("the response is longer than it says")));
                    if (subscription != null) {
                        subscription.cancel();
                    }
                    return;
                }
                take(bytes);
            }
        }

        @Override
        public void onError(Throwable failure) {
            reply.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            reply.complete(new Reply.Bytes(range, validator, received()));
        }
    }

    /// A body that nobody wants: what it is a part of is known before it comes.
    private static final class Unwanted implements HttpResponse.BodySubscriber<Reply> {
        private final Reply reply;
        private long left = MOST_UNWANTED_BYTES;
        private Flow.@Nullable Subscription subscription;

        Unwanted(Reply reply) {
            this.reply = reply;
        }

        @Override
        public CompletionStage<Reply> getBody() {
            return CompletableFuture.completedStage(reply);
        }

        @Override
        public void onSubscribe(Flow.Subscription its) {
            subscription = its;
            boolean isLong = !(reply instanceof Reply.Other other)
                    || other.contentLength().orElse(0L) > MOST_UNWANTED_BYTES;
            if (isLong) {
                its.cancel();
            } else {
                its.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            left -= buffers.stream().mapToLong(ByteBuffer::remaining).sum();
            if (left < 0 && subscription != null) {
                subscription.cancel();
            }
        }

        @Override
        public void onError(Throwable failure) {
            // the reply does not depend on the body
        }

        @Override
        public void onComplete() {
            // the same
        }
    }
}
