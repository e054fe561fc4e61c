package dev.ddpm.spark.train;

import dev.ddpm.diffusion.Prediction;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.DoubleStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.Styler.YAxisPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The picture of a training run: loss of every round over the images seen. */
final class LossCurve {
  /** How much less a round counts than one that is a round nearer. */
  private static final double FADING = 0.9;

  /** Rounds to either side that are looked at; farther ones count for less than 1 %. */
  private static final int REACH = 44;

  /**
   * Pulls the power of the round number to 0, with the weight of losses that scatter by a tenth and
   * powers of about 1: late rounds, whose numbers hardly differ, say nothing of it.
   */
  private static final double PULL = 0.01;

  private LossCurve() {}

  /**
   * Draws the curve as a PNG file; rounds that were not applied are left out.
   *
   * @param prediction what the loss is the mean squared error of
   */
  static byte[] png(List<RoundReport> all, Prediction prediction) throws IOException {
    var png = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(chart(all, prediction), png, BitmapFormat.PNG);
    return png.toByteArray();
  }

  /** The same before it is drawn. */
  static XYChart chart(List<RoundReport> all, Prediction prediction) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Training loss")
            .xAxisTitle("images seen")
            .yAxisTitle("mean squared error of " + prediction.symbol())
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setYAxisLogarithmic(true);
    List<RoundReport> applied = all.stream().filter(report -> report.loss() != null).toList();
    double[] images = applied.stream().mapToDouble(RoundReport::images).toArray();
    double[] losses = applied.stream().mapToDouble(RoundReport::loss).toArray();
    if (!applied.isEmpty()) {
      chart.addSeries("each round", images, losses).setMarker(SeriesMarkers.NONE);
      chart.addSeries("smoothed", images, smooth(losses)).setMarker(SeriesMarkers.NONE);
    }
    List<RoundReport> validated =
        all.stream().filter(report -> report.validationLoss() != null).toList();
    if (!validated.isEmpty()) {
      chart.addSeries(
          "held-out images",
          validated.stream().mapToDouble(RoundReport::images).toArray(),
          validated.stream().mapToDouble(RoundReport::validationLoss).toArray());
    }
    List<RoundReport> measured = all.stream().filter(report -> report.frechet() != null).toList();
    if (!measured.isEmpty()) {
      chart
          .addSeries(
              "Fréchet distance (right)",
              measured.stream().mapToDouble(RoundReport::images).toArray(),
              measured.stream().mapToDouble(RoundReport::frechet).toArray())
          .setYAxisGroup(1);
      chart.getStyler().setYAxisGroupPosition(1, YAxisPosition.Right);
    }
    return chart;
  }

  /**
   * Around every round the curve a · n^p · e^(q·n) of the round number n that fits the losses
   * nearby best: least squares of the logarithms that weight a round by how near it is. A loss
   * falls by a power of n in its first rounds and hardly at all later; a mean of the rounds before
   * would lie above it, and so does an exponential alone as long as it falls steeply.
   *
   * @param losses positive
   */
  static double[] smooth(double[] losses) {
    double[] logarithms = DoubleStream.of(losses).map(Math::log).toArray();
    double[] smoothed = new double[losses.length];
    for (int round = 0; round < losses.length; round++) {
      smoothed[round] = Math.exp(fit(logarithms, round));
    }
    return smoothed;
  }

  /** Value of the fitted curve's logarithm at a round. */
  private static double fit(double[] logarithms, int round) {
    double[][] products = new double[3][3];
    double[] sums = new double[3];
    int last = Math.min(logarithms.length - 1, round + REACH);
    for (int i = Math.max(0, round - REACH); i <= last; i++) {
      double distance = i - round;
      double weight = Math.pow(FADING, Math.abs(distance));
      // the terms that vanish at the round itself leave its value to the first
      double[] terms = {1, distance, Math.log((i + 1.0) / (round + 1.0))};
      for (int row = 0; row < 3; row++) {
        sums[row] += weight * terms[row] * logarithms[i];
        for (int column = 0; column < 3; column++) {
          products[row][column] += weight * terms[row] * terms[column];
        }
      }
    }
    products[2][2] += PULL;
    // the pseudo-inverse, because a single round has no slope
    return new SingularValueDecomposition(new Array2DRowRealMatrix(products, false))
        .getSolver()
        .solve(new ArrayRealVector(sums, false))
        .getEntry(0);
  }
}
