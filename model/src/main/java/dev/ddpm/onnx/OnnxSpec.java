package dev.ddpm.onnx;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.evaluation.extractor.ImageInput;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.InputResize;
import java.util.HexFormat;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An output of a network in an ONNX file. The file travels in this, as bytes. Results are the same
 * to the bit on CPUs of one type: one thread computes one image at a time.
 */
public final class OnnxSpec implements ExtractorSpec {
  private static final long serialVersionUID = 1L;

  /** ONNX Runtime keeps the weights a second time, in the order of its kernels. */
  private static final long COPIES = 2;

  /** Of ONNX Runtime itself, and of what lies between the layers. */
  private static final long OVERHEAD = 64L << 20;

  private final byte[] model;
  private final String file;
  private final OnnxInput input;
  private final OnnxOutput output;

  private OnnxSpec(byte[] model, String file, OnnxInput input, OnnxOutput output) {
    this.model = model;
    this.file = file;
    this.input = input;
    this.output = output;
  }

  /**
   * Looks into a file, and computes one black image.
   *
   * @param file its name, for messages
   * @param model its content; given away
   * @param settings what is said of it
   * @throws DdpmException (data) if it is no network of images; (user) if something has to be said
   *     of it, or was said wrongly; (environment) without ONNX Runtime
   */
  public static OnnxSpec read(String file, byte[] model, OnnxSettings settings) {
    try (OnnxNetwork network = OnnxNetwork.open(file, model)) {
      OnnxInput input = network.input(settings);
      return new OnnxSpec(model, file, input, network.output(input, settings.output()));
    } catch (NoClassDefFoundError absent) {
      throw absent(file, absent);
    }
  }

  private static DdpmException absent(String file, NoClassDefFoundError cause) {
    return DdpmException.environment(
        cause,
        "%s needs ONNX Runtime, which is not on the class path: put --conf"
            + " spark.jars.packages=com.microsoft.onnxruntime:onnxruntime:1.26.0 before the"
            + " command.",
        file);
  }

  @Override
  public SortedMap<String, String> settings() {
    var settings = new TreeMap<String, String>();
    settings.put("kind", "onnx");
    settings.put("weights", "sha256:" + HexFormat.of().formatHex(Checksum.digest().digest(model)));
    settings.put("input", input.shape().toString());
    settings.put("type", input.bytes() ? "bytes" : "floats");
    settings.put("range", input.range().toString());
    settings.put("layout", input.layout().name().toLowerCase(Locale.ROOT));
    settings.put("resize", InputResize.DEFINITION);
    settings.put("output", output.name());
    return settings;
  }

  @Override
  public long nativeBytes(ImageShape images) {
    return COPIES * model.length + OVERHEAD;
  }

  @Override
  public FeatureExtractor open(ImageShape images) {
    ImageInput prepared = new ImageInput(images, input.shape(), input.range());
    try {
      OnnxNetwork network = OnnxNetwork.open(file, model);
      return new FeatureExtractor() {
        private final float[] values = new float[input.shape().size()];

        @Override
        public int features() {
          return output.features();
        }

        @Override
        public void extract(byte[] image, float[] to, int offset) {
          prepared.prepare(image, values);
          network.compute(input, output, values, to, offset);
        }

        @Override
        public void close() {
          network.close();
        }
      };
    } catch (NoClassDefFoundError absent) {
      throw absent(file, absent);
    }
  }
}
