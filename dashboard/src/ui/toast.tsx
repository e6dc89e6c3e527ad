/** Short news at the edge of the screen, told to screen readers as well. */

import { createContext, type ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";

type Say = (text: string) => void;

const ToastContext = createContext<Say>(() => undefined);

export function useSay(): Say {
  return useContext(ToastContext);
}

export function Toasts({ children }: { children: ComponentChildren }) {
  const [items, setItems] = useState<{ id: number; text: string }[]>([]);
  const say = (text: string) => {
    const id = Date.now() + Math.random();
    setItems((old) => [...old.slice(-3), { id, text }]);
    setTimeout(() => setItems((old) => old.filter((each) => each.id !== id)), 6000);
  };
  return (
    <ToastContext.Provider value={say}>
      {children}
      <div class="toasts" role="status" aria-live="polite">
        {items.map((each) => (
          <div class="toast" key={each.id}>
            {each.text}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}
