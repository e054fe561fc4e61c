package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import java.io.Serializable;
import java.util.List;
import org.nd4j.shade.jackson.annotation.JsonSubTypes;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What a block computes, as data. The names below are part of stored networks.
 *
 * <p>Unless a block says otherwise it has one image input, (batch, height, width, channels).
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "block")
@JsonSubTypes({
  @JsonSubTypes.Type(value = BlockSpec.Convolution.class, name = "convolution"),
  @JsonSubTypes.Type(value = BlockSpec.Upsample.class, name = "upsample"),
  @JsonSubTypes.Type(value = BlockSpec.TimeEmbedding.class, name = "time-embedding"),
  @JsonSubTypes.Type(value = BlockSpec.Swish.class, name = "swish"),
  @JsonSubTypes.Type(value = BlockSpec.Residual.class, name = "residual"),
  @JsonSubTypes.Type(value = BlockSpec.Attention.class, name = "attention"),
  @JsonSubTypes.Type(value = BlockSpec.Output.class, name = "output")
})
public sealed interface BlockSpec extends Serializable {

  /** Winograd's algorithm makes 6×6 factors of the 3×3 weights of a kernel. */
  int WINOGRAD_PRODUCTS = 36;

  /** The tensors of the block in state-dict order, which is also their order in storage. */
  List<Parameter> parameters();

  /** Number of inputs. */
  default int inputs() {
    return 1;
  }

  /**
   * Height · width of the output.
   *
   * @param inputPositions height · width of the first input
   */
  default long outputPositions(long inputPositions) {
    return inputPositions;
  }

  /**
   * Counts the arrays that the block keeps per image, and what kernels make of its weights. Vectors
   * per image are too small to count.
   *
   * @param inputPositions height · width of the first input
   */
  void count(MemoryCount count, long inputPositions);

  /**
   * Operations of the forward pass per image that belong to convolutions and matrix products, two
   * per multiplication and addition.
   *
   * @param positions height · width of the output
   */
  long flops(long positions);

  /** Makes the block. */
  Block create(Engine engine, BlockParameters parameters);

  /**
   * A 3×3 convolution with padding 1; with stride 2 it halves the image.
   *
   * @param in channels of the input
   * @param out channels of the output
   * @param stride 1 or 2
   */
  record Convolution(int in, int out, int stride) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.convolution("", in, out, 3);
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * in * out * positions;
    }

    @Override
    public long outputPositions(long inputPositions) {
      return inputPositions / ((long) stride * stride);
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      long result = outputPositions(inputPositions) * out;
      count.training().own(result + inputPositions * in);
      count.inference().own(result);
      count.keep(9L * in * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new ConvolutionBlock(this, engine, parameters);
    }
  }

  /**
   * A transposed 4×4 convolution of stride 2 and padding 1, which doubles the image.
   *
   * @param in channels of the input
   * @param out channels of the output
   */
  record Upsample(int in, int out) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.transposedConvolution("", in, out, 4);
    }

    @Override
    public long flops(long positions) {
      return 2L * 4 * in * out * positions;
    }

    @Override
    public long outputPositions(long inputPositions) {
      return 4 * inputPositions;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      long result = outputPositions(inputPositions) * out;
      count.training().own(result + inputPositions * in);
      count.inference().own(result);
      count.keep(16L * in * out);
      count.training().share("windows", 16 * inputPositions * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new UpsampleBlock(this, engine, parameters);
    }
  }

  /**
   * lin2(swish(lin1([sin(t·f), cos(t·f)]))); the input is (batch, 1): one timestep per image.
   *
   * @param channels width of the result; the sinusoid has a quarter of it
   */
  record TimeEmbedding(int channels) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.linear("lin1", channels / 4, channels),
          Parameter.linear("lin2", channels, channels));
    }

    @Override
    public long flops(long positions) {
      return 2L * channels * (channels / 4 + channels);
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      // vectors only
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new TimeEmbeddingBlock(this, engine, parameters);
    }
  }

  /** x · σ(x) of an input of any shape. */
  record Swish() implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return List.of();
    }

    @Override
    public long flops(long positions) {
      return 0;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      // used for the time embedding, a vector
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new SwishBlock(engine);
    }
  }

  /**
   * A residual block. Inputs: the image, the skipped image if there is one, swish of the time
   * embedding (batch, {@code timeChannels}), and the dropout key of each image (batch), 64 bits.
   *
   * @param current channels of the image
   * @param skip channels of the skipped image, which follow those of the image; 0 if there is none
   * @param out channels of the result
   * @param timeChannels width of the time embedding
   * @param groups groups of both normalisations
   * @param epsilon added to the variance
   * @param dropout probability of zeroing an activation in training
   * @param layer number of this block, which gives it a dropout mask of its own
   */
  record Residual(
      int current,
      int skip,
      int out,
      int timeChannels,
      int groups,
      double epsilon,
      double dropout,
      int layer)
      implements BlockSpec {

    /** Channels of image and skipped image together. */
    int in() {
      return current + skip;
    }

    /** Whether the residual path needs a 1×1 convolution. */
    boolean projects() {
      return in() != out;
    }

    @Override
    public int inputs() {
      return skip == 0 ? 3 : 4;
    }

    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm1", in()),
          Parameter.convolution("conv1.", in(), out, 3),
          Parameter.norm("norm2", out),
          Parameter.convolution("conv2.", out, out, 3),
          projects() ? Parameter.convolution("shortcut.", in(), out, 1) : List.of(),
          Parameter.linear("time_emb", timeChannels, out));
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * (in() + out) * out * positions
          + (projects() ? 2L * in() * out * positions : 0)
          + 2L * timeChannels * out;
    }

    /** The joined input if there is a skip, two activated images, the hidden one, y, and dx. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      long before = inputPositions * in();
      long after = inputPositions * out;
      count.training().own((skip == 0 ? 0 : before) + 2 * before + 3 * after);
      count.inference().own(after);
      if (skip > 0) {
        count.inference().share("both", before);
      }
      count.inference().share("activated", before);
      count.inference().share("activated", after);
      count.inference().share("hidden", after);
      count.keep((long) WINOGRAD_PRODUCTS * (in() + out) * out);
      count.training().share("gradient", after);
      count.training().share("hidden gradient", after);
      count.training().share("gradient", before);
      count.training().share("both gradient", before);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new ResidualBlock(this, engine, parameters);
    }
  }

  /**
   * Self-attention over all positions. Its normalisation is in the state dict but never applied, as
   * in the reference.
   *
   * @param channels channels, a multiple of {@code heads}
   * @param heads number of heads
   */
  record Attention(int channels, int heads) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm", channels),
          Parameter.stackedLinear("projection", channels, channels / heads, 3 * heads),
          Parameter.linear("output", channels, channels));
    }

    @Override
    public long flops(long positions) {
      return 2L * 4 * channels * channels * positions + 2L * 2 * channels * positions * positions;
    }

    /** q, k and v, the weights of all pairs of positions, the mixed values, y and dx. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      long image = inputPositions * channels;
      long pairs = inputPositions * inputPositions;
      count.training().own(6 * image + heads * pairs);
      long head = image / heads;
      count.inference().own(image);
      count.inference().share("query, key, value and mixed", 4 * head);
      count.inference().share("attention", pairs);
      count.training().share("query, key, value and mixed gradient", 4 * head);
      count.training().share("attention gradient", pairs);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new AttentionBlock(this, engine, parameters);
    }
  }

  /**
   * conv3x3(swish(GroupNorm(x))).
   *
   * @param in channels of the input
   * @param out channels of the output
   * @param groups groups of the normalisation
   * @param epsilon added to the variance
   */
  record Output(int in, int out, int groups, double epsilon) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm", in), Parameter.convolution("final.", in, out, 3));
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * in * out * positions;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      count.training().own(inputPositions * (2L * in + out));
      count.inference().own(inputPositions * out);
      count.inference().share("activated", inputPositions * in);
      count.training().share("gradient", inputPositions * in);
      count.training().share("windows", 9 * inputPositions * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new OutputBlock(this, engine, parameters);
    }
  }
}
