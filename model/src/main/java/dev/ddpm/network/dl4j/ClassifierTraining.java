package dev.ddpm.network.dl4j;

import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.classifier.ClassifierPlan;
import dev.ddpm.evaluation.classifier.LabelledImages;
import dev.ddpm.random.Permutation;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * Trains a classifier with DL4J's own layers, in this process: by Adam on the cross-entropy, with a
 * learning rate that falls from 10⁻³ to 0 in equal steps. Images come in a new order in each epoch,
 * drawn by the seed, and so are the first weights: two trainings with the same images, seed, CPU
 * type and number of threads give the same bits.
 */
public final class ClassifierTraining {
  private static final int MINIBATCH = 64;
  private static final double LEARNING_RATE = 1e-3;
  private static final double DECAY = 1e-4;

  private ClassifierTraining() {}

  /** Hears how training goes. */
  @FunctionalInterface
  public interface Progress {
    /**
     * An epoch is over.
     *
     * @param epoch from 1 on
     * @param loss mean over its images
     */
    void epoch(int epoch, double loss);
  }

  /**
   * Trains a classifier.
   *
   * @param plan what it looks like
   * @param images at least one
   * @param epochs how often each image is used, at least 1
   * @param seed of the first weights and of the orders
   * @param progress hears of each epoch
   * @return the tensors of the plan
   */
  public static NamedTensors train(
      ClassifierPlan plan, LabelledImages images, int epochs, long seed, Progress progress) {
    int steps = (images.size() + MINIBATCH - 1) / MINIBATCH;
    MultiLayerNetwork network = network(plan, seed, steps * epochs);
    for (int epoch = 0; epoch < epochs; epoch++) {
      Permutation order = Permutation.of(seed, epoch, images.size());
      double loss = 0;
      for (int step = 0; step < steps; step++) {
        int first = step * MINIBATCH;
        int count = Math.min(MINIBATCH, images.size() - first);
        var inputs = new float[count][];
        var labels = new float[count][plan.classes()];
        for (int i = 0; i < count; i++) {
          int image = (int) order.at(first + i);
          inputs[i] = new float[plan.input().size()];
          images.input(image, inputs[i]);
          labels[i][images.label(image)] = 1;
        }
        network.fit(array(plan, inputs), Nd4j.create(labels));
        loss += network.score() * count;
      }
      progress.epoch(epoch + 1, loss / images.size());
    }
    return tensors(plan, network);
  }

  /** A network with random weights. */
  static MultiLayerNetwork network(ClassifierPlan plan, long seed, int steps) {
    Nd4jNatives.select();
    var layers =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .weightInit(WeightInit.RELU)
            .activation(Activation.RELU)
            .l2(DECAY)
            .updater(new Adam(new PolySchedule(ScheduleType.ITERATION, LEARNING_RATE, 1, steps)))
            .list();
    for (TensorHeader tensor : plan.tensors()) {
      if (tensor.shape().size() == 4) {
        layers
            .layer(
                new ConvolutionLayer.Builder(3, 3)
                    .convolutionMode(ConvolutionMode.Same)
                    .nOut(tensor.shape().get(0))
                    .build())
            .layer(
                new SubsamplingLayer.Builder(PoolingType.MAX)
                    .kernelSize(2, 2)
                    .stride(2, 2)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .build());
      }
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            layers
                .layer(new DenseLayer.Builder().nOut(ClassifierPlan.FEATURES).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(plan.classes())
                        .build())
                .setInputType(InputType.convolutional(plan.height(), plan.width(), plan.channels()))
                .build());
    network.init();
    return network;
  }

  /** Inputs with channels last, as DL4J has them. */
  static INDArray array(ClassifierPlan plan, float[][] inputs) {
    float[] flat = new float[inputs.length * plan.input().size()];
    int positions = plan.height() * plan.width();
    int channels = plan.channels();
    for (int n = 0; n < inputs.length; n++) {
      for (int p = 0; p < positions; p++) {
        for (int c = 0; c < channels; c++) {
          flat[(n * channels + c) * positions + p] = inputs[n][p * channels + c];
        }
      }
    }
    return Nd4j.create(flat, new int[] {inputs.length, channels, plan.height(), plan.width()}, 'c');
  }

  /** The weights in PyTorch's order; DL4J has a layer's as (in, out). */
  static NamedTensors tensors(ClassifierPlan plan, MultiLayerNetwork network) {
    NamedTensors tensors = new NamedTensors();
    List<TensorHeader> headers = plan.tensors();
    int at = 0;
    for (int layer = 0; layer < network.getnLayers(); layer++) {
      if (network.getLayer(layer).numParams() > 0) {
        INDArray weights = network.getLayer(layer).getParam("W");
        INDArray bias = network.getLayer(layer).getParam("b");
        tensors.add(headers.get(at++), flat(weights.rank() == 2 ? weights.transpose() : weights));
        tensors.add(headers.get(at++), flat(bias));
      }
    }
    return tensors;
  }

  private static float[] flat(INDArray array) {
    return array.dup('c').data().asFloat();
  }
}
