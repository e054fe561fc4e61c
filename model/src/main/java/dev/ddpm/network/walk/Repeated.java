package dev.ddpm.network.walk;

import dev.ddpm.backend.Engine;

/** Work on tensors that is done again and again, from the second time on as is fastest. */
final class Repeated {
  private final Engine engine;
  private final Runnable work;
  private Runnable again;

  /**
   * Work that was not done yet.
   *
   * @param work as {@link Engine#record} asks for it
   */
  Repeated(Engine engine, Runnable work) {
    this.engine = engine;
    this.work = work;
  }

  /** Does the work. */
  void run() {
    if (again == null) {
      work.run();
      again = engine.record(work);
    } else {
      again.run();
    }
  }
}
