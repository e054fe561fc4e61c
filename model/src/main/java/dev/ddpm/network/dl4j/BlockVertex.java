package dev.ddpm.network.dl4j;

import dev.ddpm.network.block.AttentionBlock;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.CenteringBlock;
import dev.ddpm.network.block.ClassEmbeddingBlock;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.NearestUpsampleBlock;
import dev.ddpm.network.block.NormedAttentionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.Parameter;
import dev.ddpm.network.block.ResidualBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.TimeEmbeddingBlock;
import dev.ddpm.network.block.UpsampleBlock;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.annotation.JsonSubTypes;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * Any {@link BlockSpec} as a vertex of a DL4J computation graph: the part of it that is stored. Its
 * share of the flat parameter vector is one entry of the parameter table, {@value #PARAMETERS}.
 */
@JsonAutoDetect(
    fieldVisibility = JsonAutoDetect.Visibility.NONE,
    getterVisibility = JsonAutoDetect.Visibility.NONE,
    isGetterVisibility = JsonAutoDetect.Visibility.NONE,
    setterVisibility = JsonAutoDetect.Visibility.NONE)
public final class BlockVertex extends GraphVertex implements TrainingConfig {
  private static final long serialVersionUID = 1L;

  /** Key of the block's parameters in {@code paramTable()}. */
  static final String PARAMETERS = "parameters";

  @JsonProperty private final String name;

  /** The names of the blocks are part of stored networks. */
  @JsonProperty
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "block")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = ConvolutionBlock.Spec.class, name = "convolution"),
    @JsonSubTypes.Type(value = UpsampleBlock.Spec.class, name = "upsample"),
    @JsonSubTypes.Type(value = TimeEmbeddingBlock.Spec.class, name = "time-embedding"),
    @JsonSubTypes.Type(value = SwishBlock.Spec.class, name = "swish"),
    @JsonSubTypes.Type(value = ResidualBlock.Spec.class, name = "residual"),
    @JsonSubTypes.Type(value = AttentionBlock.Spec.class, name = "attention"),
    @JsonSubTypes.Type(value = NormedAttentionBlock.Spec.class, name = "normed-attention"),
    @JsonSubTypes.Type(value = NearestUpsampleBlock.Spec.class, name = "nearest-upsample"),
    @JsonSubTypes.Type(value = ClassEmbeddingBlock.Spec.class, name = "class-embedding"),
    @JsonSubTypes.Type(value = CenteringBlock.Spec.class, name = "centering"),
    @JsonSubTypes.Type(value = OutputBlock.Spec.class, name = "output")
  })
  private final BlockSpec spec;

  @JsonProperty private final IUpdater updater;

  /**
   * Describes a vertex, as it is written here and read from stored networks.
   *
   * @param name its name in the graph
   * @param spec what it computes
   * @param updater what turns its gradients into updates
   */
  @JsonCreator
  public BlockVertex(
      @JsonProperty("name") String name,
      @JsonProperty("spec") BlockSpec spec,
      @JsonProperty("updater") IUpdater updater) {
    this.name = name;
    this.spec = spec;
    this.updater = updater;
  }

  /** What this vertex computes. */
  public BlockSpec spec() {
    return spec;
  }

  @Override
  public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
      ComputationGraph graph,
      String vertexName,
      int index,
      INDArray parameters,
      boolean initialize,
      DataType type) {
    return new BlockGraphVertex(this, graph, vertexName, index, parameters, type);
  }

  @Override
  public long numParams(boolean backprop) {
    return spec.parameters().stream().mapToLong(Parameter::length).sum();
  }

  @Override
  public int minVertexInputs() {
    return spec.inputs();
  }

  @Override
  public int maxVertexInputs() {
    return spec.inputs();
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType... inputs) {
    throw new UnsupportedOperationException(
        "Shapes follow from the arrays; this network needs no input types.");
  }

  @Override
  public MemoryReport getMemoryReport(InputType... inputs) {
    throw new UnsupportedOperationException("This network has no memory report.");
  }

  @Override
  public String getLayerName() {
    return name;
  }

  @Override
  public List<Regularization> getRegularizationByParam(String parameter) {
    return List.of();
  }

  @Override
  public boolean isPretrainParam(String parameter) {
    return false;
  }

  @Override
  public IUpdater getUpdaterByParam(String parameter) {
    return updater;
  }

  @Override
  public GradientNormalization getGradientNormalization() {
    return GradientNormalization.None;
  }

  @Override
  public double getGradientNormalizationThreshold() {
    return 1;
  }

  @Override
  public void setDataType(DataType type) {
    // the type is the network's, which comes with every array
  }

  @Override
  public BlockVertex clone() {
    return new BlockVertex(name, spec, updater == null ? null : updater.clone());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BlockVertex that
        && name.equals(that.name)
        && spec.equals(that.spec)
        && Objects.equals(updater, that.updater);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, spec, updater);
  }
}
