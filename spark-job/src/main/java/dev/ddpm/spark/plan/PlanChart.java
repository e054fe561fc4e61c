package dev.ddpm.spark.plan;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Efficiency over executors, one line per size of the model. */
final class PlanChart {
  /** 1 to 200 million. */
  private static final List<Long> PARAMETERS =
      List.of(1_000_000L, 5_000_000L, 35_000_000L, 100_000_000L, 200_000_000L);

  private PlanChart() {}

  /**
   * Draws the chart as a PNG file.
   *
   * @param work whose model is scaled to each of the sizes, arithmetic and state alike
   * @param shape of a machine and its network
   */
  static byte[] png(CostModel model, Workload work, ClusterShape shape, List<Integer> executors)
      throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title(
                String.format(
                    Locale.ROOT,
                    "%d steps of %d images between two averagings, %.0f Gbit/s",
                    work.steps(),
                    work.batchSize(),
                    shape.networkBytes() * 8 / 1e9))
            .xAxisTitle("executors")
            .yAxisTitle("share of the time that is compute")
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    double[] x = executors.stream().mapToDouble(Integer::doubleValue).toArray();
    for (long parameters : PARAMETERS) {
      Workload scaled = work.scaledTo(parameters);
      double[] y =
          executors.stream()
              .mapToDouble(
                  count ->
                      model.efficiency(
                          scaled,
                          new ClusterShape(
                              count, shape.tasks(), shape.taskCores(), shape.networkBytes())))
              .toArray();
      chart.addSeries(parameters / 1_000_000 + " M parameters", x, y);
    }
    var png = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(chart, png, BitmapFormat.PNG);
    return png.toByteArray();
  }
}
