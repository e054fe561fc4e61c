package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cudart.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
import static org.bytedeco.cuda.global.cudart.cuGraphDestroy;
import static org.bytedeco.cuda.global.cudart.cuGraphExecDestroy;
import static org.bytedeco.cuda.global.cudart.cuGraphInstantiate;
import static org.bytedeco.cuda.global.cudart.cuGraphLaunch;
import static org.bytedeco.cuda.global.cudart.cuStreamBeginCapture;
import static org.bytedeco.cuda.global.cudart.cuStreamEndCapture;

import dev.ddpm.backend.cuda.Device;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;

/** Work as a CUDA graph, which the card is handed as a whole. */
final class GraphRecording implements Device.Recording {
  private final Card card;
  private final CUgraphExec_st graph;

  private GraphRecording(Card card, CUgraphExec_st graph) {
    this.card = card;
    this.graph = graph;
  }

  /** Captures what the work would hand to the card on this thread. */
  static GraphRecording of(Card card, Runnable work) {
    card.use();
    CUgraph_st captured = new CUgraph_st();
    CUgraphExec_st graph = new CUgraphExec_st();
    try {
      capture(card, work, captured);
      Status.driver(cuGraphInstantiate(graph, captured, 0), "cuGraphInstantiate");
    } finally {
      // also what was captured until the work failed
      if (!captured.isNull()) {
        cuGraphDestroy(captured);
      }
    }
    card.onClose(() -> destroy(graph));
    return new GraphRecording(card, graph);
  }

  private static void capture(Card card, Runnable work, CUgraph_st captured) {
    int status;
    synchronized (Card.WHOLE) {
      Status.driver(
          cuStreamBeginCapture(card.stream(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "cuStreamBeginCapture");
      try {
        work.run();
      } finally {
        // also if the work failed: the queue would take nothing else
        status = cuStreamEndCapture(card.stream(), captured);
      }
    }
    Status.driver(status, "cuStreamEndCapture");
  }

  @Override
  public void replay() {
    card.use();
    Status.driver(cuGraphLaunch(graph, card.stream()), "cuGraphLaunch");
  }

  @Override
  public void close() {
    if (!graph.isNull()) {
      card.use();
      card.synchronize();
      destroy(graph);
    }
  }

  private static void destroy(CUgraphExec_st graph) {
    if (!graph.isNull()) {
      cuGraphExecDestroy(graph);
      graph.setNull();
    }
  }
}
