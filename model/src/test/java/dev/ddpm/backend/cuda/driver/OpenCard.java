package dev.ddpm.backend.cuda.driver;

import dev.ddpm.DdpmException;
import java.nio.file.Path;
import java.util.List;

/** A process that opens the card of the libraries in a folder, and prints what it is told. */
final class OpenCard {
  private OpenCard() {}

  /** The cards of the libraries in a folder. */
  static NvidiaCards cards(Path folder) {
    return new NvidiaCards(
        folder.resolve(Driver.LIBRARY).toString(), new Libraries(List.of(folder)));
  }

  /** Takes the folder. */
  public static void main(String[] arguments) {
    try {
      cards(Path.of(arguments[0])).open(0).close();
      System.out.println("opened");
    } catch (DdpmException e) {
      System.out.println(e.category() + ": " + e.getMessage());
    }
  }
}
