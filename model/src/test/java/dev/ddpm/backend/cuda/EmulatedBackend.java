package dev.ddpm.backend.cuda;

import dev.ddpm.backend.CardBackend;
import dev.ddpm.backend.CardState;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The back end for cards in a process that has only emulated ones. Whoever puts a folder first on
 * the class path in which {@code META-INF/services/dev.ddpm.backend.Backend} names this class
 * computes on them with {@code backend.device = cuda}.
 */
public final class EmulatedBackend implements CardBackend {
  /** System property: how many cards the process sees. */
  public static final String CARDS = "emulated.cards";

  private final CudaBackend cuda =
      new CudaBackend(() -> Optional.of(new EmulatedCards(Integer.getInteger(CARDS, 1))));

  /** The numbers of the cards on which a kernel was started in this process. */
  public static Set<Integer> launched(String kernel) {
    return EmulatedCards.launched(kernel);
  }

  /** The numbers of the cards that were taken into use in this process, each time it was. */
  public static List<Integer> opened() {
    return EmulatedCards.opened();
  }

  @Override
  public int rank() {
    return cuda.rank();
  }

  @Override
  public boolean onRequest() {
    return true;
  }

  @Override
  public boolean serves(Precision precision) {
    return cuda.serves(precision);
  }

  @Override
  public Optional<String> refusal(Precision precision) {
    return cuda.refusal(precision);
  }

  @Override
  public int cards() {
    return cuda.cards();
  }

  @Override
  public OptionalInt card(String address) {
    return cuda.card(address);
  }

  @Override
  public void useCard(int card) {
    cuda.useCard(card);
  }

  @Override
  public CardState examine(Precision precision) {
    return cuda.examine(precision);
  }

  @Override
  public Engine create(Precision precision) {
    return cuda.create(precision);
  }

  @Override
  public String describe(Precision precision) {
    return cuda.describe(precision);
  }
}
