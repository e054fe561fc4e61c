package dev.ddpm.backend.cuda.driver;

import dev.ddpm.DdpmException;
import java.nio.file.Path;
import java.util.List;

/** A process that opens the card of the libraries in a folder, and prints what it is told. */
final class OpenCard {
  private OpenCard() {}

  /** Takes the folder. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    var cards =
        new NvidiaCards(folder.resolve(Driver.LIBRARY).toString(), new Libraries(List.of(folder)));
    try {
      cards.open(0).close();
      System.out.println("opened");
    } catch (DdpmException e) {
      System.out.println(e.category() + ": " + e.getMessage());
    }
  }
}
