package dev.ddpm.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.ddpm.DdpmException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A network that ONNX Runtime has loaded: all of this program that knows the library. */
final class OnnxNetwork implements AutoCloseable {
  private static final int MAXIMUM_FEATURES = 16_384;

  private final String file;
  private final OrtSession session;

  private OnnxNetwork(String file, OrtSession session) {
    this.file = file;
    this.session = session;
  }

  /**
   * Loads a network, for one thread.
   *
   * @throws DdpmException (data) if it cannot be loaded
   */
  static OnnxNetwork open(String file, byte[] model) {
    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setDeterministicCompute(true);
      return new OnnxNetwork(file, environment.createSession(model, options));
    } catch (OrtException e) {
      throw DdpmException.data(
          e, "%s is not a network that ONNX Runtime can load: %s", file, e.getMessage());
    }
  }

  /** The image that it takes. */
  OnnxInput input(OnnxSettings settings) {
    try {
      Map<String, NodeInfo> inputs = session.getInputInfo();
      if (inputs.size() != 1) {
        throw DdpmException.data(
            "%s takes %d inputs (%s): a network that takes one image is needed.",
            file, inputs.size(), String.join(", ", inputs.keySet()));
      }
      NodeInfo input = inputs.values().iterator().next();
      if (!(input.getInfo() instanceof TensorInfo tensor)
          || (tensor.type != OnnxJavaType.FLOAT && tensor.type != OnnxJavaType.UINT8)) {
        throw DdpmException.data(
            "%s takes the input %s of %s: floats of 32 bits or unsigned bytes are needed.",
            file, input.getName(), input.getInfo());
      }
      return OnnxInput.of(
          file,
          input.getName(),
          tensor.type == OnnxJavaType.UINT8,
          tensor.getShape(),
          session.getMetadata().getCustomMetadata(),
          settings);
    } catch (OrtException e) {
      throw unusable(e);
    }
  }

  /**
   * The output that is taken, after one black image was computed.
   *
   * @param wanted its name; needed if there are several
   */
  OnnxOutput output(OnnxInput input, Optional<String> wanted) {
    Set<String> names = session.getOutputNames();
    if (wanted.isEmpty() && names.size() > 1) {
      throw DdpmException.user(
          "%s has the outputs %s: add ,output=NAME with one of them.",
          file, String.join(", ", names));
    }
    String name = wanted.orElseGet(() -> names.iterator().next());
    if (!names.contains(name)) {
      throw DdpmException.user(
          "%s has no output %s, but %s.", file, name, String.join(", ", names));
    }
    float[] black = new float[input.shape().size()];
    for (int i = 0; i < black.length; i++) {
      black[i] = input.range().of(0, i % input.shape().channels());
    }
    try (OnnxTensor image = tensor(input, black);
        OrtSession.Result result = session.run(Map.of(input.name(), image), Set.of(name))) {
      if (!(result.get(0) instanceof OnnxTensor tensor)
          || tensor.getInfo().type != OnnxJavaType.FLOAT
          || tensor.getInfo().getNumElements() < 1
          || tensor.getInfo().getNumElements() > MAXIMUM_FEATURES) {
        throw DdpmException.data(
            "%s has the output %s of %s: 1 to %d floats of 32 bits are needed.",
            file, name, result.get(0).getInfo(), MAXIMUM_FEATURES);
      }
      return new OnnxOutput(name, (int) tensor.getInfo().getNumElements());
    } catch (OrtException e) {
      throw unusable(e);
    }
  }

  /**
   * Computes one image.
   *
   * @param values of the input, channels last
   * @param to receives the features
   * @param offset position of the first
   * @throws DdpmException (data) if a feature is not a finite number
   */
  void compute(OnnxInput input, OnnxOutput output, float[] values, float[] to, int offset) {
    try (OnnxTensor image = tensor(input, values);
        OrtSession.Result result =
            session.run(Map.of(input.name(), image), Set.of(output.name()))) {
      FloatBuffer features = ((OnnxTensor) result.get(0)).getFloatBuffer();
      if (features.remaining() != output.features()) {
        throw DdpmException.data(
            "%s made %d numbers of an image, and %d of another.",
            file, features.remaining(), output.features());
      }
      features.get(to, offset, output.features());
    } catch (OrtException e) {
      throw unusable(e);
    }
    for (int i = 0; i < output.features(); i++) {
      if (!Float.isFinite(to[offset + i])) {
        throw DdpmException.data(
            "%s made %s of an image: features must be finite.", file, to[offset + i]);
      }
    }
  }

  private static OnnxTensor tensor(OnnxInput input, float[] values) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    if (input.bytes()) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(values.length).order(ByteOrder.nativeOrder());
      for (int i = 0; i < values.length; i++) {
        bytes.put(input.position(i), (byte) Math.rint(values[i]));
      }
      return OnnxTensor.createTensor(environment, bytes, input.extents(), OnnxJavaType.UINT8);
    }
    FloatBuffer floats =
        ByteBuffer.allocateDirect(values.length * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    for (int i = 0; i < values.length; i++) {
      floats.put(input.position(i), values[i]);
    }
    return OnnxTensor.createTensor(environment, floats, input.extents());
  }

  private DdpmException unusable(OrtException e) {
    return DdpmException.data(e, "%s cannot be computed: %s", file, e.getMessage());
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw unusable(e);
    }
  }
}
