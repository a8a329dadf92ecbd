package dev.gatun.bench;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;

/** DJL on LibTorch. Argument: a TorchScript file of ids and, where something is padded, a mask. */
final class DjlPyTorchPeer implements Encoder {
  private final Model model;
  private final Predictor<NDList, NDList> predictor;

  private DjlPyTorchPeer(Path file) throws IOException, MalformedModelException {
    model = Model.newInstance("encoder", Device.cpu(), "PyTorch");
    model.load(file.getParent(), file.getFileName().toString());
    predictor = model.newPredictor(new NoopTranslator());
  }

  public static void main(String[] args) throws IOException {
    PeerServer.serve(() -> new DjlPyTorchPeer(Path.of(args[0])));
  }

  @Override
  public Batch prepare(Padded inputs) {
    NDManager manager = model.getNDManager().newSubManager();
    var shape = new Shape(inputs.shape());
    var list = new NDList(manager.create(inputs.ids(), shape));
    if (inputs.hasPadding()) { // a mask of ones would keep LibTorch from its fast path
      list.add(manager.create(inputs.mask(), shape));
    }
    return new Batch() {
      @Override
      public void run() throws TranslateException {
        predictor.predict(list).close();
      }

      @Override
      public float[] hidden() throws TranslateException {
        try (NDList result = predictor.predict(list)) {
          return result.singletonOrThrow().toFloatArray();
        }
      }

      @Override
      public void close() {
        manager.close();
      }
    };
  }

  @Override
  public void close() {
    predictor.close();
    model.close();
  }
}
