package dev.gatun.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Map;

/**
 * ONNX Runtime's own Java binding. Arguments: an ONNX file of input_ids and attention_mask,
 * threads.
 */
final class OnnxRuntimePeer implements Encoder {
  private final OrtEnvironment environment;
  private final OrtSession session;

  OnnxRuntimePeer(String file, int threads) throws OrtException {
    environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "peer");
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      session = environment.createSession(file, options);
    }
  }

  public static void main(String[] args) throws IOException {
    PeerServer.serve(() -> new OnnxRuntimePeer(args[0], Integer.parseInt(args[1])));
  }

  @Override
  public Batch prepare(Padded inputs) throws OrtException {
    OnnxTensor ids = tensor(inputs.ids(), inputs.shape());
    OnnxTensor mask = tensor(inputs.mask(), inputs.shape());
    Map<String, OnnxTensor> named = Map.of("input_ids", ids, "attention_mask", mask);
    return new Batch() {
      @Override
      public void run() throws OrtException {
        session.run(named).close();
      }

      @Override
      public float[] hidden() throws OrtException {
        try (OrtSession.Result result = session.run(named)) {
          FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
          float[] hidden = new float[values.remaining()];
          values.get(hidden);
          return hidden;
        }
      }

      @Override
      public void close() {
        ids.close();
        mask.close();
      }
    };
  }

  /** In a direct buffer, which ONNX Runtime reads in place. */
  private OnnxTensor tensor(long[] values, long[] shape) throws OrtException {
    LongBuffer buffer =
        ByteBuffer.allocateDirect(values.length * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .asLongBuffer();
    buffer.put(values).flip();
    return OnnxTensor.createTensor(environment, buffer, shape);
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
